#include "telemetry/counter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace onda::telemetry {
namespace {

TEST(Counter, StartsAtZeroAndAddsUp) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42U);
}

TEST(Counter, HoldsMoreThan32Bits) {
  Counter counter;
  counter.add(std::uint64_t{1} << 40U);
  counter.add(1);
  EXPECT_EQ(counter.value(), (std::uint64_t{1} << 40U) + 1);
}

TEST(Gauge, GoesUpAndDownAndBelowZero) {
  Gauge gauge;
  gauge.add(5);
  gauge.subtract();
  EXPECT_EQ(gauge.value(), 4);
  gauge.subtract(6);
  EXPECT_EQ(gauge.value(), -2);
}

// More threads than stripes, so that some share one.
constexpr unsigned kThreads = 2 * kStripes + 1;
constexpr unsigned kRounds = 2000;

TEST(CounterThreads, NothingIsLostAndTheValueNeverFalls) {
  Counter counter;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::uint64_t before = 0;
      for (unsigned round = 0; round < kRounds; ++round) {
        counter.add(3);
        if (round % 64 != 0) continue;
        const std::uint64_t now = counter.value();
        EXPECT_GE(now, before);
        before = now;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(counter.value(), std::uint64_t{3} * kThreads * kRounds);
}

TEST(CounterThreads, WhatOneThreadAddsToAGaugeAnotherMayTakeAway) {
  Gauge gauge;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, adds = i % 2 == 0] {
      for (unsigned round = 0; round < kRounds; ++round) {
        if (adds) {
          gauge.add();
        } else {
          gauge.subtract();
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(gauge.value(), std::int64_t{kRounds});
}

}  // namespace
}  // namespace onda::telemetry
