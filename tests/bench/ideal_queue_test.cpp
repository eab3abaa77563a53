#include "bench/harness/ideal_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace onda::bench {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(PoissonArrivals, ComeAtTheRateThatIsAskedForInOrderAndUntilTheEnd) {
  const auto arrivals = poisson_arrivals(50, 400, 1);
  EXPECT_NEAR(static_cast<double>(arrivals.size()), 20'000, 500);
  EXPECT_TRUE(std::ranges::is_sorted(arrivals));
  EXPECT_LT(arrivals.back(), 400);
}

TEST(PoissonArrivals, AreTheSameForTheSameSeedOnly) {
  EXPECT_EQ(poisson_arrivals(10, 10, 7), poisson_arrivals(10, 10, 7));
  EXPECT_NE(poisson_arrivals(10, 10, 7), poisson_arrivals(10, 10, 8));
}

TEST(IdealQueue, LetsARequestWaitOnlyWhileAllPlacesAreTaken) {
  const auto latencies =
      simulate_ideal_queue({0.000, 0.001, 0.002, 0.100}, 2, [](std::size_t) { return 10.0; });
  ASSERT_EQ(latencies.size(), 4U);
  EXPECT_DOUBLE_EQ(latencies[0], 10);
  EXPECT_DOUBLE_EQ(latencies[1], 10);
  // Both places are taken until 10 ms.
  EXPECT_DOUBLE_EQ(latencies[2], 18);
  EXPECT_DOUBLE_EQ(latencies[3], 10);
}

TEST(IdealQueue, TellsTheServiceHowManyAreBusyBesideIt) {
  std::vector<std::size_t> seen;
  static_cast<void>(simulate_ideal_queue({0.000, 0.001, 0.002, 0.100}, 2, [&](std::size_t busy) {
    seen.push_back(busy);
    return 10.0;
  }));
  EXPECT_EQ(seen, (std::vector<std::size_t>{0, 1, 1, 0}));
}

TEST(IdealQueue, WaitsAsLongAsTheoryHasItForOnePlaceAndAFixedTime) {
  // Pollaczek and Khinchine: at a load of r the mean wait is r / (2 (1 - r)) services.
  const auto arrivals = poisson_arrivals(80, 2000, 3);
  const auto latencies = simulate_ideal_queue(arrivals, 1, [](std::size_t) { return 10.0; });
  EXPECT_NEAR(mean(latencies), 10 + 10 * 0.8 / (2 * 0.2), 1.0);
}

}  // namespace
}  // namespace onda::bench
