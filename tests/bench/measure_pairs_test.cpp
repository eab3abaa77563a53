#include "bench/harness/measure_pairs.h"

#include <gtest/gtest.h>

#include <string>

namespace onda::bench {
namespace {

TEST(MeasurePairs, TakesBothOfEachPairInEitherOrder) {
  std::mt19937 random(1);
  std::string order;
  double next = 0;
  const auto pairs = measure_pairs(
      40, random,
      [&] {
        order += 'o';
        return ++next;
      },
      [&] {
        order += 'r';
        return ++next;
      });
  ASSERT_EQ(pairs.ours.size(), 40U);
  ASSERT_EQ(pairs.reference.size(), 40U);
  int ours_first = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_NE(order[2 * i], order[2 * i + 1]) << "pair " << i;
    // Neighbours in time make a pair.
    EXPECT_EQ(std::abs(pairs.ours[i] - pairs.reference[i]), 1) << "pair " << i;
    ours_first += order[2 * i] == 'o' ? 1 : 0;
  }
  EXPECT_GT(ours_first, 5);
  EXPECT_LT(ours_first, 35);
}

TEST(MicrosecondsPerCall, CallsAsOftenAsTold) {
  int calls = 0;
  EXPECT_GE(microseconds_per_call(17, [&] { ++calls; }), 0);
  EXPECT_EQ(calls, 17);
}

}  // namespace
}  // namespace onda::bench
