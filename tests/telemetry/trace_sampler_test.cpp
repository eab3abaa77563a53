#include "telemetry/trace_sampler.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace onda::telemetry {
namespace {

using BudgetOf = TraceSampler::BudgetOf;

/// Which of the next requests are traced: '1' and '0'.
std::string decisions(TraceSampler& sampler, int requests) {
  std::string text;
  for (int i = 0; i < requests; ++i) text += sampler.sample() ? '1' : '0';
  return text;
}

TEST(TraceSampler, TracesNothingUntilItIsTold) {
  TraceSampler sampler(std::make_shared<TraceBudget>());
  EXPECT_EQ(decisions(sampler, 3), "000");
}

TEST(TraceSampler, TracesEveryRateThRequest) {
  TraceSampler sampler(std::make_shared<TraceBudget>());
  sampler.set(3, BudgetOf::all_models);
  EXPECT_EQ(decisions(sampler, 9), "001001001");
  sampler.set(1, BudgetOf::all_models);
  EXPECT_EQ(decisions(sampler, 3), "111");
  sampler.set(0, BudgetOf::all_models);
  EXPECT_EQ(decisions(sampler, 3), "000");
}

TEST(TraceSampler, StopsWhenTheBudgetIsUsedUp) {
  const auto shared = std::make_shared<TraceBudget>(2);
  TraceSampler one(shared);
  TraceSampler other(shared);
  one.set(2, BudgetOf::all_models);
  other.set(1, BudgetOf::all_models);
  EXPECT_EQ(decisions(one, 2), "01");
  EXPECT_EQ(decisions(other, 2), "10");
  EXPECT_EQ(decisions(one, 2), "00");
  EXPECT_EQ(shared->remaining(), 0);
  shared->set(TraceBudget::kUnlimited);
  EXPECT_EQ(decisions(other, 2), "11");
  EXPECT_EQ(shared->remaining(), TraceBudget::kUnlimited);
}

TEST(TraceSampler, ItsOwnBudgetLeavesTheSharedOneAlone) {
  const auto shared = std::make_shared<TraceBudget>(5);
  TraceSampler sampler(shared);
  sampler.budget().set(1);
  sampler.set(1, BudgetOf::model);
  EXPECT_EQ(decisions(sampler, 2), "10");
  EXPECT_EQ(shared->remaining(), 5);
}

TEST(TraceSamplerThreads, TracesExactlyAsManyAsTheRateAndTheBudgetSay) {
  const auto shared = std::make_shared<TraceBudget>();
  TraceSampler sampler(shared);
  for (const auto& [budget, expected] : {std::pair<std::int64_t, int>(-1, 800), {100, 100}}) {
    shared->set(budget);
    sampler.set(5, BudgetOf::all_models);
    std::atomic<int> traced{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int request = 0; request < 1000; ++request) {
          if (sampler.sample()) ++traced;
        }
      });
    }
    threads.clear();
    EXPECT_EQ(traced, expected);
  }
}

}  // namespace
}  // namespace onda::telemetry
