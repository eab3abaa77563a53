#include "telemetry/stripe.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace onda::telemetry {
namespace {

TEST(StripeThreads, AThreadKeepsItsNumber) {
  const unsigned mine = stripe();
  EXPECT_LT(mine, kStripes);
  std::jthread([] { EXPECT_LT(stripe(), kStripes); }).join();
  EXPECT_EQ(stripe(), mine);
}

TEST(StripeThreads, ThreadsAreDealtAllNumbersInTurn) {
  std::set<unsigned> numbers;
  for (unsigned i = 0; i < kStripes; ++i) {
    std::jthread([&] { numbers.insert(stripe()); }).join();
  }
  EXPECT_EQ(numbers.size(), kStripes);
}

}  // namespace
}  // namespace onda::telemetry
