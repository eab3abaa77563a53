#include "serving/scheduler.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "serving/model_version.h"
#include "serving/steady_timing.h"
#include "serving/worker_threads.h"
#include "support/fake_executor.h"
#include "support/manual_timing.h"
#include "support/manual_workers.h"

namespace onda::serving {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::FakeExecutor;

/// A request with `items` rows of `width` floats, all equal to `value`.
class Request final : public InferenceRequest {
 public:
  Request(std::int64_t items, float value, std::int64_t width = 2)
      : values_(static_cast<std::size_t>(items * width), value), shape_{items, width} {}

  void fill(std::shared_ptr<ModelVersion> on) {
    version = std::move(on);
    inputs.push_back({"x", TensorView::of<float>(shape_, std::span<const float>(values_))});
  }
  [[nodiscard]] int completions() const noexcept { return completions_.load(); }
  [[nodiscard]] bool is_done() const noexcept { return completions() == 1; }
  [[nodiscard]] std::vector<float> output() const {
    const auto values = result.outputs.at(0).tensor.as<float>();
    return {values.begin(), values.end()};
  }
  void wait() const { completions_.wait(0); }

 protected:
  void on_complete() noexcept override {
    ++completions_;
    completions_.notify_all();
  }

 private:
  std::vector<float> values_;
  Shape shape_;
  std::atomic<int> completions_{0};
};

SchedulerOptions batching(std::int64_t most, microseconds delay = microseconds(0)) {
  SchedulerOptions options;
  options.batching = true;
  options.max_batch_size = most;
  options.max_queue_delay = delay;
  return options;
}

/// A version over a fake model, with time and workers that move when told.
class SchedulerTest : public testing::Test {
 protected:
  std::shared_ptr<ModelVersion> make(SchedulerOptions options, FakeExecutor::Function function = {},
                                     bool is_predictable = true) {
    VersionParts parts;
    parts.model = "m";
    parts.config.max_batch_size = 64;
    parts.inputs = {{"x", DType::float32, Shape{-1, -1}, false, true, {}}};
    parts.outputs = {{"y", DType::float32, Shape{-1, -1}, false, true, {}}};
    auto executor = std::make_unique<FakeExecutor>(std::move(function), is_predictable);
    executor_ = executor.get();
    parts.executor = std::move(executor);
    parts.scheduling = std::move(options);
    version_ = std::make_shared<ModelVersion>(std::move(parts), workers_, timing_);
    return version_;
  }
  Request& submit(std::int64_t items, float value, std::int64_t width = 2,
                  Caller caller = Caller::any_thread) {
    Request& request = requests_.emplace_back(items, value, width);
    request.fill(version_);
    version_->submit(request, caller);
    return request;
  }
  [[nodiscard]] telemetry::InferenceSnapshot counted() const { return version_->statistics().snapshot(); }

  test::ManualTiming timing_;
  test::ManualWorkers workers_{2};
  FakeExecutor* executor_ = nullptr;
  std::deque<Request> requests_;
  std::shared_ptr<ModelVersion> version_;
};

TEST_F(SchedulerTest, RunsARequestAloneOnAWorker) {
  make({});
  Request& request = submit(3, 7);
  EXPECT_FALSE(request.is_done());
  workers_.run_all();
  ASSERT_TRUE(request.is_done());
  EXPECT_EQ(request.output(), std::vector<float>(6, 7));
  EXPECT_EQ(counted().success.count, 1U);
  EXPECT_EQ(counted().inference_count, 3U);
  EXPECT_EQ(counted().execution_count, 1U);
  EXPECT_EQ(counted().pending, 0U);
}

TEST_F(SchedulerTest, JoinsRequestsAndGivesEachItsOwnRows) {
  make(batching(8));
  Request& one = submit(1, 1);
  Request& two = submit(2, 2);
  Request& three = submit(3, 3);
  workers_.run_all();
  EXPECT_EQ(executor_->shapes(), std::vector<Shape>({Shape{6, 2}}));
  EXPECT_EQ(one.output(), std::vector<float>(2, 1));
  EXPECT_EQ(two.output(), std::vector<float>(4, 2));
  EXPECT_EQ(three.output(), std::vector<float>(6, 3));
  EXPECT_EQ(two.result.outputs[0].tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(counted().execution_count, 1U);
  EXPECT_EQ(counted().success.count, 3U);
  EXPECT_EQ(counted().inference_count, 6U);
}

TEST_F(SchedulerTest, OutputsOfABatchAreViewsOfOneTensor) {
  make(batching(8));
  Request& one = submit(1, 1);
  Request& two = submit(1, 2);
  workers_.run_all();
  const auto* first = one.result.outputs[0].tensor.bytes().data();
  EXPECT_EQ(first + one.result.outputs[0].tensor.bytes().size(), two.result.outputs[0].tensor.bytes().data());
  EXPECT_EQ(one.result.hold, two.result.hold);
}

TEST_F(SchedulerTest, RequestsOfOtherShapesDoNotMeet) {
  make(batching(8));
  submit(1, 1, 2);
  submit(1, 2, 3);
  submit(1, 3, 2);
  workers_.run_all();
  EXPECT_EQ(executor_->shapes(), std::vector<Shape>({Shape{2, 2}, Shape{1, 3}}));
}

TEST_F(SchedulerTest, WaitsForMoreUntilTheDelayIsOver) {
  make(batching(8, microseconds(100)));
  Request& one = submit(1, 1);
  workers_.run_all();
  EXPECT_FALSE(one.is_done());
  timing_.advance(microseconds(60));
  Request& two = submit(1, 2);
  workers_.run_all();
  EXPECT_FALSE(two.is_done());
  timing_.advance(microseconds(40));
  workers_.run_all();
  EXPECT_TRUE(one.is_done());
  EXPECT_TRUE(two.is_done());
  EXPECT_EQ(executor_->shapes(), std::vector<Shape>({Shape{2, 2}}));
}

TEST_F(SchedulerTest, AFullBatchDoesNotWait) {
  make(batching(2, milliseconds(100)));
  submit(1, 1);
  submit(1, 2);
  workers_.run_all();
  EXPECT_EQ(executor_->shapes(), std::vector<Shape>({Shape{2, 2}}));
}

TEST_F(SchedulerTest, ABatchThatIsNoneIsRunAgainOneByOneAndNeverAgainTogether) {
  std::string logged;
  auto options = batching(8);
  options.log = [&](LogLevel, std::string_view line) { logged = line; };
  // Transposes: the first dimension of its output is not the sum of the batch.
  make(std::move(options), [](const TensorView& x, const RunOptions&) {
    return Tensor::copy_of(TensorView(x.dtype(), Shape{x.shape()[1], x.shape()[0]}, x.bytes()));
  });
  Request& one = submit(1, 1, 5);
  Request& two = submit(2, 2, 5);
  workers_.run_all();
  EXPECT_EQ(one.output(), std::vector<float>(5, 1));
  EXPECT_EQ(two.output(), std::vector<float>(10, 2));
  EXPECT_EQ(executor_->shapes(), std::vector<Shape>({Shape{3, 5}, Shape{1, 5}, Shape{2, 5}}));
  EXPECT_NE(logged.find("switched off"), std::string::npos);
  submit(1, 3, 5);
  submit(1, 4, 5);
  workers_.run_all();
  EXPECT_EQ(executor_->shapes().size(), 5U);
  EXPECT_EQ(executor_->shapes().back(), (Shape{1, 5}));
}

TEST_F(SchedulerTest, AnOutputWithoutADimensionIsNoBatchEither) {
  make(batching(8), [](const TensorView& x, const RunOptions&) {
    const auto values = x.as<float>();
    const float sum = std::accumulate(values.begin(), values.end(), 0.0F);
    return Tensor::of<float>(Shape{}, std::span<const float>(&sum, 1));
  });
  Request& one = submit(1, 1);
  Request& two = submit(1, 2);
  workers_.run_all();
  EXPECT_EQ(one.output(), std::vector<float>({2}));
  EXPECT_EQ(two.output(), std::vector<float>({4}));
}

TEST_F(SchedulerTest, OneBadRequestDoesNotFailTheOthers) {
  make(batching(8), [](const TensorView& x, const RunOptions&) {
    for (const float value : x.as<float>()) {
      if (value < 0) throw Error(ErrorCode::invalid_argument, "negative");
    }
    return Tensor::copy_of(x);
  });
  Request& good = submit(1, 1);
  Request& bad = submit(1, -1);
  Request& fine = submit(1, 2);
  workers_.run_all();
  EXPECT_EQ(good.output(), std::vector<float>(2, 1));
  EXPECT_EQ(fine.output(), std::vector<float>(2, 2));
  ASSERT_TRUE(bad.result.error);
  EXPECT_EQ(bad.result.error->code(), ErrorCode::invalid_argument);
  EXPECT_EQ(counted().success.count, 2U);
  EXPECT_EQ(counted().fail.count, 1U);
}

TEST_F(SchedulerTest, AFullQueueRefusesAtOnce) {
  SchedulerOptions options;
  options.queue.max_queue_size = 2;
  make(std::move(options));
  submit(1, 1);
  submit(1, 2);
  Request& third = submit(1, 3);
  ASSERT_TRUE(third.is_done());
  EXPECT_EQ(third.result.situation, FailureSituation::queue_full);
  EXPECT_EQ(third.result.error->code(), ErrorCode::resource_exhausted);
  EXPECT_NE(std::string(third.result.error->what()).find("Exceeds maximum queue size"), std::string::npos);
  EXPECT_EQ(counted().failures[static_cast<std::size_t>(telemetry::FailureReason::rejected)], 1U);
  workers_.run_all();
  EXPECT_EQ(counted().success.count, 2U);
}

TEST_F(SchedulerTest, ARequestThatExpiresInTheQueueIsAnsweredAtItsTime) {
  SchedulerOptions options;
  options.slots = 1;
  options.queue.default_policy.default_timeout = microseconds(500);
  make(std::move(options));
  Request& one = submit(1, 1);
  timing_.advance(microseconds(499));
  EXPECT_FALSE(one.is_done());
  timing_.advance(microseconds(1));
  ASSERT_TRUE(one.is_done());
  EXPECT_EQ(one.result.situation, FailureSituation::queue_timeout);
  EXPECT_STREQ(one.result.error->what(), "Request timeout expired");
  workers_.run_all();
  EXPECT_TRUE(executor_->shapes().empty());
  EXPECT_EQ(one.completions(), 1);
}

TEST_F(SchedulerTest, ARequestsOwnTimeoutCountsWhereThePolicyAllowsIt) {
  SchedulerOptions options;
  options.queue.default_policy.default_timeout = milliseconds(10);
  make(options);
  requests_.emplace_back(1, 1).fill(version_);
  requests_.back().timeout = microseconds(10);
  version_->submit(requests_.back(), Caller::any_thread);
  timing_.advance(microseconds(20));
  EXPECT_FALSE(requests_.back().is_done());
  workers_.run_all();

  options.queue.default_policy.allow_timeout_override = true;
  make(options);
  requests_.emplace_back(1, 1).fill(version_);
  requests_.back().timeout = microseconds(10);
  version_->submit(requests_.back(), Caller::any_thread);
  timing_.advance(microseconds(20));
  EXPECT_TRUE(requests_.back().is_done());
  workers_.run_all();
}

TEST_F(SchedulerTest, WhatIsDelayedRunsWhenNobodyElseWaits) {
  SchedulerOptions options;
  options.queue.default_policy.default_timeout = microseconds(100);
  options.queue.default_policy.timeout_action = QueuePolicy::TimeoutAction::delay;
  std::vector<float> order;
  make(options, [&](const TensorView& x, const RunOptions&) {
    order.push_back(x.as<float>()[0]);
    return Tensor::copy_of(x);
  });
  submit(1, 1);
  timing_.advance(microseconds(200));
  submit(1, 2);
  workers_.run_all();
  EXPECT_EQ(order, std::vector<float>({2, 1}));
}

TEST_F(SchedulerTest, HigherPrioritiesGoFirst) {
  SchedulerOptions options;
  options.queue.priority_levels = 3;
  options.queue.default_priority_level = 2;
  std::vector<float> order;
  make(options, [&](const TensorView& x, const RunOptions&) {
    order.push_back(x.as<float>()[0]);
    return Tensor::copy_of(x);
  });
  const std::array<std::uint64_t, 4> priorities = {3, 0, 1, 99};
  for (std::size_t i = 0; i < priorities.size(); ++i) {
    requests_.emplace_back(1, static_cast<float>(i)).fill(version_);
    requests_.back().priority = priorities[i];
    version_->submit(requests_.back(), Caller::any_thread);
  }
  workers_.run_all();
  EXPECT_EQ(order, std::vector<float>({2, 1, 3, 0}));
}

TEST_F(SchedulerTest, ACancelledRequestDoesNotRun) {
  make({});
  Request& one = submit(1, 1);
  Request& two = submit(1, 2);
  one.cancel();
  one.cancel();
  ASSERT_TRUE(one.is_done());
  EXPECT_EQ(one.result.error->code(), ErrorCode::cancelled);
  workers_.run_all();
  EXPECT_TRUE(two.is_done());
  EXPECT_EQ(executor_->shapes().size(), 1U);
  EXPECT_EQ(counted().failures[static_cast<std::size_t>(telemetry::FailureReason::cancelled)], 1U);
}

TEST_F(SchedulerTest, ABatchIsEndedOnlyWhenAllItsMembersHaveGone) {
  std::vector<bool> was_stopped;
  make(batching(8), [&](const TensorView& x, const RunOptions& options) {
    requests_[0].cancel();
    was_stopped.push_back(options.stop.stop_requested());
    requests_[1].cancel();
    was_stopped.push_back(options.stop.stop_requested());
    if (options.stop.stop_requested()) throw Error(ErrorCode::cancelled, "the run was cancelled");
    return Tensor::copy_of(x);
  });
  submit(1, 1);
  submit(1, 2);
  workers_.run_all();
  EXPECT_EQ(was_stopped, std::vector<bool>({false, true}));
  EXPECT_EQ(requests_[0].result.error->code(), ErrorCode::cancelled);
  EXPECT_EQ(requests_[1].result.error->code(), ErrorCode::cancelled);
}

TEST_F(SchedulerTest, AClientsDeadlineEndsItsRequestInTheQueue) {
  make({});
  requests_.emplace_back(1, 1).fill(version_);
  requests_.back().deadline = timing_.now() + milliseconds(5);
  version_->submit(requests_.back(), Caller::any_thread);
  timing_.advance(milliseconds(5));
  ASSERT_TRUE(requests_.back().is_done());
  EXPECT_EQ(requests_.back().result.error->code(), ErrorCode::deadline_exceeded);
  EXPECT_EQ(requests_.back().result.situation, FailureSituation::none);
  workers_.run_all();
}

TEST_F(SchedulerTest, AClosedVersionTakesNothingButFinishesWhatWaits) {
  make({});
  Request& before = submit(1, 1);
  version_->close();
  Request& after = submit(1, 2);
  EXPECT_EQ(after.result.situation, FailureSituation::shutting_down);
  EXPECT_EQ(after.result.error->code(), ErrorCode::unavailable);
  workers_.run_all();
  EXPECT_FALSE(before.result.error);
}

TEST_F(SchedulerTest, RunsOnTheIoThreadOnlyWhatWasMeasuredToBeQuick) {
  microseconds cost{5};
  make({}, [&](const TensorView& x, const RunOptions&) {
    timing_.advance(cost);
    return Tensor::copy_of(x);
  });
  // A size that nobody has measured goes to a worker.
  Request& first = submit(1, 1, 2, Caller::io_thread);
  EXPECT_FALSE(first.is_done());
  workers_.run_all();
  // It was quick: the next of its size, or smaller, runs here; a larger one does not.
  EXPECT_TRUE(submit(1, 1, 2, Caller::io_thread).is_done());
  EXPECT_TRUE(submit(1, 1, 1, Caller::io_thread).is_done());
  EXPECT_FALSE(submit(1, 1, 3, Caller::io_thread).is_done());
  // Who may not run models never does.
  EXPECT_FALSE(submit(1, 1, 2, Caller::any_thread).is_done());
  workers_.run_all();
  // It has become slow: that size is no longer run here.
  cost = milliseconds(5);
  EXPECT_TRUE(submit(1, 1, 2, Caller::io_thread).is_done());
  EXPECT_FALSE(submit(1, 1, 2, Caller::io_thread).is_done());
  workers_.run_all();
}

TEST_F(SchedulerTest, AModelWhoseOutputsDoNotFollowItsInputsNeverRunsOnTheIoThread) {
  make({}, {}, false);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(submit(1, 1, 2, Caller::io_thread).is_done());
    workers_.run_all();
  }
}

TEST_F(SchedulerTest, ARunHasTheMachineOnlyWhereItIsAlone) {
  make({});
  submit(1, 1);
  workers_.run_all();
  EXPECT_EQ(executor_->parallelisms().back(), Parallelism::whole_machine);
  workers_.set_busy(1);
  submit(1, 1);
  workers_.run_all();
  EXPECT_EQ(executor_->parallelisms().back(), Parallelism::one_thread);
}

TEST_F(SchedulerTest, InOrderOneExecutionAtATime) {
  auto options = batching(1);
  options.slots = 4;
  options.preserve_ordering = true;
  make(std::move(options));
  for (int i = 0; i < 6; ++i) submit(1, static_cast<float>(i));
  EXPECT_EQ(workers_.posted(), 1U);
  workers_.run_all();
  for (const auto& request : requests_) EXPECT_TRUE(request.is_done());
}

TEST_F(SchedulerTest, ABusyModelLetsOthersHaveTheirTurn) {
  make({});
  for (int i = 0; i < 40; ++i) submit(1, static_cast<float>(i));
  // One use of a worker answers some, not all.
  ASSERT_TRUE(workers_.run_one());
  EXPECT_FALSE(requests_.back().is_done());
  workers_.run_all();
  EXPECT_TRUE(requests_.back().is_done());
}

/// The real clock and workers, from several threads.
TEST(SchedulerThreads, EachRequestIsAnsweredOnceWithItsOwnRows) {
  SteadyTiming timing;
  WorkerThreads workers(2);
  for (const bool joins : {false, true}) {
    VersionParts parts;
    parts.model = "m";
    parts.config.max_batch_size = 16;
    parts.inputs = {{"x", DType::float32, Shape{-1, -1}, false, true, {}}};
    parts.outputs = {{"y", DType::float32, Shape{-1, -1}, false, true, {}}};
    parts.executor = std::make_unique<FakeExecutor>();
    parts.scheduling.slots = 2;
    parts.scheduling.batching = joins;
    parts.scheduling.max_batch_size = 16;
    parts.scheduling.max_queue_delay = microseconds(joins ? 50 : 0);
    const auto version = std::make_shared<ModelVersion>(std::move(parts), workers, timing);
    constexpr int kThreads = 4;
    constexpr int kEach = 300;
    std::atomic<int> wrong{0};
    std::atomic<int> cancelled{0};
    {
      std::vector<std::jthread> clients;
      for (int thread = 0; thread < kThreads; ++thread) {
        clients.emplace_back([&, thread] {
          for (int i = 0; i < kEach; ++i) {
            const auto value = static_cast<float>(thread * kEach + i);
            Request request(1 + i % 3, value, 1 + i % 2);
            request.fill(version);
            version->submit(request, i % 2 == 0 ? Caller::io_thread : Caller::any_thread);
            if (i % 7 == 0) request.cancel();
            request.wait();
            if (request.result.error) {
              ++(request.result.error->code() == ErrorCode::cancelled && i % 7 == 0 ? cancelled : wrong);
              continue;
            }
            for (const float element : request.output()) wrong += element == value ? 0 : 1;
            wrong += request.completions() == 1 ? 0 : 1;
          }
        });
      }
    }
    EXPECT_EQ(wrong.load(), 0);
    const auto counted = version->statistics().snapshot();
    EXPECT_EQ(counted.success.count + counted.fail.count, static_cast<std::uint64_t>(kThreads * kEach));
    EXPECT_EQ(counted.pending, 0U);
  }
}

}  // namespace
}  // namespace onda::serving
