#include "cli/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace onda::cli {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, IsExactBelowHalfAMicrosecond) {
  const auto histogram = std::make_unique<LatencyHistogram>();
  for (int i = 1; i <= 100; ++i) histogram->add(nanoseconds(i));
  EXPECT_EQ(histogram->percentile(0.5), nanoseconds(50));
  EXPECT_EQ(histogram->percentile(0.99), nanoseconds(99));
  EXPECT_EQ(histogram->percentile(1), nanoseconds(100));
  EXPECT_EQ(histogram->max(), nanoseconds(100));
  EXPECT_DOUBLE_EQ(histogram->mean_ns(), 50.5);
}

TEST(LatencyHistogram, StaysWithin04PercentOfASortedList) {
  std::mt19937_64 engine(1);
  std::lognormal_distribution<double> distribution(14, 3);
  const auto histogram = std::make_unique<LatencyHistogram>();
  std::vector<std::int64_t> all;
  for (int i = 0; i < 10'000; ++i) {
    all.push_back(static_cast<std::int64_t>(distribution(engine)));
    histogram->add(nanoseconds(all.back()));
  }
  std::sort(all.begin(), all.end());
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto index = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(all.size()))) - 1;
    const auto exact = static_cast<double>(all[index]);
    EXPECT_NEAR(static_cast<double>(histogram->percentile(fraction).count()), exact, 0.004 * exact + 1)
        << fraction;
  }
  EXPECT_EQ(histogram->max().count(), all.back());
}

TEST(LatencyHistogram, TakesTheLongestAndNegativeDurations) {
  const auto histogram = std::make_unique<LatencyHistogram>();
  histogram->add(nanoseconds::max());
  histogram->add(nanoseconds(-5));
  EXPECT_EQ(histogram->count(), 2U);
  EXPECT_EQ(histogram->max(), nanoseconds::max());
  EXPECT_EQ(histogram->percentile(0.5), nanoseconds(0));
}

TEST(LatencyHistogram, MergesCounts) {
  const auto a = std::make_unique<LatencyHistogram>();
  const auto b = std::make_unique<LatencyHistogram>();
  EXPECT_EQ(a->percentile(0.5), nanoseconds(0));
  a->add(nanoseconds(10));
  b->add(nanoseconds(30));
  a->merge(*b);
  EXPECT_EQ(a->count(), 2U);
  EXPECT_EQ(a->max(), nanoseconds(30));
  EXPECT_DOUBLE_EQ(a->mean_ns(), 20);
}

}  // namespace
}  // namespace onda::cli
