#include "bench/harness/statistics.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

namespace onda::bench {
namespace {

std::vector<double> counted(std::size_t n) {
  std::vector<double> samples(n);
  std::iota(samples.begin(), samples.end(), 1.0);
  return samples;
}

TEST(EstimateMedian, TakesTheMiddleOfAnOddNumber) {
  EXPECT_EQ(estimate_median(std::vector<double>{9, 1, 8, 2, 7, 3, 6}).median, 6);
}

TEST(EstimateMedian, TakesTheMeanOfBothMiddlesOfAnEvenNumber) {
  EXPECT_EQ(estimate_median(std::vector<double>{10, 1, 8, 2, 7, 3}).median, 5);
}

// The ranks of the sign test's interval, as tables of order statistics print them.
TEST(EstimateMedian, HasTheRanksOfTheTables) {
  struct Case {
    std::size_t n, low, high;
  };
  for (const Case c : {Case{6, 1, 6}, Case{8, 1, 8}, Case{9, 2, 8}, Case{10, 2, 9}, Case{15, 4, 12},
                       Case{20, 6, 15}, Case{30, 10, 21}, Case{50, 18, 33}, Case{100, 40, 61}}) {
    const auto estimate = estimate_median(counted(c.n));
    EXPECT_EQ(estimate.low, static_cast<double>(c.low)) << c.n;
    EXPECT_EQ(estimate.high, static_cast<double>(c.high)) << c.n;
    EXPECT_EQ(estimate.samples, c.n);
  }
}

TEST(EstimateMedian, CoversTheTrueMedianOftenEnough) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> skewed;  // its median is 1
  int covered = 0;
  for (int repetition = 0; repetition < 2000; ++repetition) {
    std::vector<double> samples(25);
    for (double& sample : samples) sample = skewed(random);
    const auto estimate = estimate_median(samples);
    covered += estimate.low <= 1 && 1 <= estimate.high ? 1 : 0;
  }
  EXPECT_GE(covered, 1900);
  EXPECT_LT(covered, 2000);
}

TEST(EstimateMedian, WorksForManySamples) {
  const auto estimate = estimate_median(counted(5000));
  EXPECT_NEAR(estimate.low, 2500 - 69, 2);
  EXPECT_NEAR(estimate.high, 2501 + 69, 2);
}

TEST(EstimateMedian, RefusesTooFewSamples) {
  EXPECT_THROW((void)estimate_median(counted(5)), std::invalid_argument);
  EXPECT_THROW((void)estimate_median({}), std::invalid_argument);
}

TEST(EstimateMedian, RefusesWhatIsNoNumber) {
  auto samples = counted(10);
  samples[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)estimate_median(samples), std::invalid_argument);
}

TEST(MedianAndRange, TakesAFewSamplesAndTheirEnds) {
  const auto estimate = median_and_range(std::vector<double>{3, 1, 2});
  EXPECT_EQ(estimate.median, 2);
  EXPECT_EQ(estimate.low, 1);
  EXPECT_EQ(estimate.high, 3);
  EXPECT_EQ(estimate.samples, 3U);
  EXPECT_THROW((void)median_and_range({}), std::invalid_argument);
}

TEST(Compare, TakesRatioAndDifferencePairByPair) {
  // The medians' own ratio would be 10 / 10.
  const Pairs pairs{.ours = {1, 10, 100, 10, 10, 10}, .reference = {2, 20, 200, 5, 5, 5}};
  const auto comparison = compare(pairs);
  EXPECT_EQ(comparison.ours.median, 10);
  EXPECT_EQ(comparison.reference.median, 5);
  EXPECT_EQ(comparison.ratio.median, 1.25);
  EXPECT_EQ(comparison.ratio.low, 0.5);
  EXPECT_EQ(comparison.ratio.high, 2);
  EXPECT_EQ(comparison.difference.median, 2);
  EXPECT_EQ(comparison.difference.low, -100);
}

TEST(Compare, RefusesUnpairedSamplesAndAReferenceOfZero) {
  EXPECT_THROW((void)compare({.ours = counted(7), .reference = counted(6)}), std::invalid_argument);
  EXPECT_THROW((void)compare({.ours = counted(6), .reference = {1, 2, 3, 0, 5, 6}}), std::invalid_argument);
}

}  // namespace
}  // namespace onda::bench
