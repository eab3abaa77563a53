#include "memory/round_plans.h"

#include <gtest/gtest.h>

#include <vector>

namespace onda::memory {
namespace {

std::vector<RecordedBlock> one_block(std::size_t bytes) { return {{.bytes = bytes, .begin = 0, .end = 1}}; }

TEST(RoundPlans, RecordsTheFirstRoundPlansTheSecondAndKeepsThePlan) {
  RoundPlans plans;
  EXPECT_TRUE(plans.begin(1).record);
  plans.add(1, one_block(100));
  const auto second = plans.begin(1);
  EXPECT_FALSE(second.record);
  ASSERT_TRUE(second.plan);
  EXPECT_EQ(second.plan->bytes, 128U);
  EXPECT_EQ(plans.begin(1).plan, second.plan);
  EXPECT_TRUE(plans.begin(2).record) << "another key has nothing to do with it";
}

TEST(RoundPlans, ARoundThatDidNotReportIsRecordedAgain) {
  RoundPlans plans;
  EXPECT_TRUE(plans.begin(1).record);
  EXPECT_TRUE(plans.begin(1).record);
}

TEST(RoundPlans, LeavesAKeyWithoutLargeBlocksAlone) {
  RoundPlans plans;
  EXPECT_TRUE(plans.begin(1).record);
  plans.add(1, {});
  for (int i = 0; i < 2; ++i) {
    const auto task = plans.begin(1);
    EXPECT_FALSE(task.record);
    EXPECT_FALSE(task.plan);
  }
}

TEST(RoundPlans, RecordsAnewAfterADeviationAndLeavesAKeyAloneAfterSeveral) {
  RoundPlans plans;
  for (int deviation = 0; deviation < RoundPlans::kMostDeviations; ++deviation) {
    EXPECT_TRUE(plans.begin(1).record) << deviation;
    plans.add(1, one_block(100));
    const auto task = plans.begin(1);
    ASSERT_TRUE(task.plan);
    plans.deviated(1, *task.plan);
    // A second thread that followed the same plan.
    plans.deviated(1, *task.plan);
  }
  const auto task = plans.begin(1);
  EXPECT_FALSE(task.record);
  EXPECT_FALSE(task.plan);
}

TEST(RoundPlans, ForgetsTheKeyThatWasUsedLongestAgo) {
  RoundPlans plans(2);
  for (const std::uint64_t key : {1U, 2U}) {
    static_cast<void>(plans.begin(key));
    plans.add(key, one_block(100));
  }
  EXPECT_TRUE(plans.begin(1).plan);
  EXPECT_TRUE(plans.begin(3).record);
  EXPECT_TRUE(plans.begin(1).plan) << "2 was used longer ago";
  EXPECT_TRUE(plans.begin(2).record);
}

TEST(RoundPlans, IgnoreWhatARoundReportsAfterItsKeyHasLeft) {
  RoundPlans plans(1);
  static_cast<void>(plans.begin(1));
  static_cast<void>(plans.begin(2));
  plans.add(1, one_block(100));
  plans.deviated(1, RoundPlan{});
  EXPECT_TRUE(plans.begin(1).record);
}

}  // namespace
}  // namespace onda::memory
