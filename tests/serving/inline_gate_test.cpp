#include "serving/inline_gate.h"

#include <gtest/gtest.h>

namespace onda::serving {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kHandover{50};
constexpr microseconds kQuick{5};
constexpr microseconds kSlow{80};

TEST(InlineGate, AllowsOnlySizesUpToOneThatWasMeasuredQuick) {
  InlineGate gate(kHandover);
  EXPECT_FALSE(gate.allows(0));
  gate.measured(256, kSlow);
  EXPECT_FALSE(gate.allows(256));
  gate.measured(256, kQuick);
  EXPECT_TRUE(gate.allows(256));
  EXPECT_TRUE(gate.allows(1));
  EXPECT_FALSE(gate.allows(257));
  gate.measured(1024, kSlow);
  EXPECT_FALSE(gate.allows(1024));
  EXPECT_TRUE(gate.allows(256));
}

TEST(InlineGate, ForgivesAFewSlowRuns) {
  InlineGate gate(kHandover);
  gate.measured(256, kQuick);
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 12; ++i) gate.measured(256, kQuick);
    gate.measured(256, kSlow);
    ASSERT_TRUE(gate.allows(256)) << round;
  }
}

TEST(InlineGate, AModelThatBecomesSlowIsNotAllowedAnyMore) {
  InlineGate gate(kHandover);
  gate.measured(256, kQuick);
  for (int i = 0; i < 10; ++i) gate.measured(256, kSlow);
  EXPECT_FALSE(gate.allows(256));
}

TEST(InlineGate, OneVerySlowRunIsEnough) {
  InlineGate gate(kHandover);
  for (int i = 0; i < 1000; ++i) gate.measured(256, kQuick);
  gate.measured(256, milliseconds(5));
  EXPECT_FALSE(gate.allows(256));
}

TEST(InlineGate, EachDemotionAsksForMoreQuickRuns) {
  InlineGate gate(kHandover);
  int last = 0;
  for (int demotion = 0; demotion < 8; ++demotion) {
    int needed = 0;
    while (!gate.allows(256)) {
      gate.measured(256, kQuick);
      ++needed;
    }
    EXPECT_GT(needed, last);
    last = needed;
    gate.measured(256, milliseconds(5));
    ASSERT_FALSE(gate.allows(256));
  }
}

}  // namespace
}  // namespace onda::serving
