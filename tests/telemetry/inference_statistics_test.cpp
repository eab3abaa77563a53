#include "telemetry/inference_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace onda::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr RequestTimes kTimes = {.total = nanoseconds(100),
                                 .queue = nanoseconds(20),
                                 .compute_input = nanoseconds(3),
                                 .compute_infer = nanoseconds(60),
                                 .compute_output = nanoseconds(7),
                                 .ended = system_clock::time_point(milliseconds(1735689600123))};
constexpr ExecutionTimes kExecution = {
    .compute_input = nanoseconds(3), .compute_infer = nanoseconds(60), .compute_output = nanoseconds(7)};

TEST(InferenceStatistics, StartsWithNothing) {
  const InferenceSnapshot all = InferenceStatistics().snapshot();
  EXPECT_EQ(all.last_inference_ms, 0U);
  EXPECT_EQ(all.inference_count, 0U);
  EXPECT_EQ(all.execution_count, 0U);
  EXPECT_EQ(all.success, DurationCount());
  EXPECT_EQ(all.fail, DurationCount());
  EXPECT_EQ(all.pending, 0U);
  EXPECT_TRUE(all.batches.empty());
}

TEST(InferenceStatistics, ABatchOfEightIsOneSuccessEightInferencesAndOneExecution) {
  InferenceStatistics statistics;
  statistics.record_execution(8, kExecution);
  statistics.record_success(kTimes, 8);
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.success, (DurationCount{1, 100}));
  EXPECT_EQ(all.inference_count, 8U);
  EXPECT_EQ(all.execution_count, 1U);
  EXPECT_EQ(all.last_inference_ms, 1735689600123U);
}

TEST(InferenceStatistics, QueueAndComputeCountRequestsAlsoWhenTheyShareAnExecution) {
  InferenceStatistics statistics;
  statistics.record_execution(3, kExecution);
  for (int i = 0; i < 3; ++i) statistics.record_success(kTimes, 1);
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.execution_count, 1U);
  EXPECT_EQ(all.success, (DurationCount{3, 300}));
  EXPECT_EQ(all.queue, (DurationCount{3, 60}));
  EXPECT_EQ(all.compute_input, (DurationCount{3, 9}));
  EXPECT_EQ(all.compute_infer, (DurationCount{3, 180}));
  EXPECT_EQ(all.compute_output, (DurationCount{3, 21}));
}

TEST(InferenceStatistics, AFailureTouchesOnlyFailAndItsReason) {
  InferenceStatistics statistics;
  statistics.record_failure(FailureReason::rejected, nanoseconds(5));
  statistics.record_failure(FailureReason::rejected, nanoseconds(5));
  statistics.record_failure(FailureReason::cancelled, nanoseconds(6));
  statistics.record_failure(FailureReason::backend, nanoseconds(7));
  statistics.record_failure(FailureReason::other, nanoseconds(8));
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.fail, (DurationCount{5, 31}));
  EXPECT_EQ(all.failures, (std::array<std::uint64_t, kFailureReasons>{2, 1, 1, 1}));
  EXPECT_EQ(all.success, DurationCount());
  EXPECT_EQ(all.queue, DurationCount());
  EXPECT_EQ(all.compute_infer, DurationCount());
  EXPECT_EQ(all.inference_count, 0U);
  EXPECT_EQ(all.execution_count, 0U);
  EXPECT_EQ(all.last_inference_ms, 0U);
  EXPECT_TRUE(all.batches.empty());
}

TEST(InferenceStatistics, TheLastInferenceNeverGoesBack) {
  InferenceStatistics statistics;
  RequestTimes times = kTimes;
  statistics.record_success(times, 1);
  times.ended = system_clock::time_point(milliseconds(1000));
  statistics.record_success(times, 1);
  EXPECT_EQ(statistics.snapshot().last_inference_ms, 1735689600123U);
}

TEST(InferenceStatistics, ANegativeTimeCountsAsZero) {
  InferenceStatistics statistics;
  const RequestTimes times = {.total = nanoseconds(-1),
                              .queue = nanoseconds(-1),
                              .ended = system_clock::time_point(milliseconds(-1))};
  statistics.record_success(times, 1);
  statistics.record_failure(FailureReason::other, nanoseconds(-1));
  statistics.record_execution(1, {.compute_infer = nanoseconds(-1)});
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.success, (DurationCount{1, 0}));
  EXPECT_EQ(all.queue, (DurationCount{1, 0}));
  EXPECT_EQ(all.fail, (DurationCount{1, 0}));
  EXPECT_EQ(all.last_inference_ms, 0U);
  EXPECT_EQ(all.batches.at(0).compute_infer, (DurationCount{1, 0}));
}

TEST(InferenceStatistics, PendingRequestsComeAndGo) {
  InferenceStatistics statistics;
  for (int i = 0; i < 5; ++i) statistics.add_pending();
  statistics.remove_pending(2);
  EXPECT_EQ(statistics.snapshot().pending, 3U);
  statistics.remove_pending(4);
  EXPECT_EQ(statistics.snapshot().pending, 0U) << "never below zero, which would be read as very many";
}

TEST(InferenceStatistics, ExecutionsAreToldApartBySizeAscending) {
  InferenceStatistics statistics;
  for (const std::uint64_t size : {300U, 8U, 1U, 256U, 257U, 8U, 300U}) {
    statistics.record_execution(size, kExecution);
  }
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.execution_count, 7U);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sizes;
  for (const BatchStatistics& batch : all.batches) {
    sizes.emplace_back(batch.batch_size, batch.compute_infer.count);
    EXPECT_EQ(batch.compute_input, (DurationCount{batch.compute_infer.count, 3 * batch.compute_infer.count}));
    EXPECT_EQ(batch.compute_infer.ns, 60 * batch.compute_infer.count);
    EXPECT_EQ(batch.compute_output,
              (DurationCount{batch.compute_infer.count, 7 * batch.compute_infer.count}));
  }
  const decltype(sizes) expected = {{1, 1}, {8, 2}, {256, 1}, {257, 1}, {300, 2}};
  EXPECT_EQ(sizes, expected);
}

TEST(InferenceStatistics, AModelWithoutBatchesHasTheSizeOne) {
  InferenceStatistics statistics;
  statistics.record_execution(0, kExecution);
  const InferenceSnapshot all = statistics.snapshot();
  ASSERT_EQ(all.batches.size(), 1U);
  EXPECT_EQ(all.batches[0].batch_size, 1U);
}

TEST(InferenceStatistics, HoldsABoundedNumberOfSizesAndCountsTheRest) {
  InferenceStatistics statistics;
  constexpr std::uint64_t kSizes = 5000;
  for (std::uint64_t size = 1; size <= kSizes; ++size) statistics.record_execution(size, kExecution);
  statistics.record_execution(UINT64_MAX, kExecution);
  // A size that is held goes on.
  statistics.record_execution(InferenceStatistics::kMostBatchSizes, kExecution);
  const InferenceSnapshot all = statistics.snapshot();
  EXPECT_EQ(all.execution_count, kSizes + 2);
  ASSERT_EQ(all.batches.size(), InferenceStatistics::kMostBatchSizes);
  EXPECT_EQ(all.batches.back().compute_infer.count, 2U);
}

TEST(InferenceStatisticsThreads, NothingIsLostAndCountsThatMustBeEqualAlwaysAre) {
  InferenceStatistics statistics;
  constexpr unsigned kThreads = kStripes + 3;
  constexpr unsigned kRounds = 600;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (unsigned round = 0; round < kRounds; ++round) {
        statistics.add_pending();
        // All threads make the same sizes at once, some beyond the fast ones.
        statistics.record_execution(round % 290 + 1, kExecution);
        statistics.record_success(kTimes, 2);
        if (round % 3 == 0) statistics.record_failure(FailureReason::backend, nanoseconds(1));
        statistics.remove_pending();
        if (round % 50 != i) continue;
        const InferenceSnapshot now = statistics.snapshot();
        EXPECT_EQ(now.queue.count, now.success.count);
        EXPECT_EQ(now.compute_input.count, now.compute_infer.count);
        EXPECT_EQ(now.compute_infer.count, now.compute_output.count);
      }
    });
  }
  threads.clear();
  const InferenceSnapshot all = statistics.snapshot();
  constexpr std::uint64_t kAll = std::uint64_t{kThreads} * kRounds;
  EXPECT_EQ(all.success, (DurationCount{kAll, 100 * kAll}));
  EXPECT_EQ(all.compute_infer, (DurationCount{kAll, 60 * kAll}));
  EXPECT_EQ(all.inference_count, 2 * kAll);
  EXPECT_EQ(all.execution_count, kAll);
  EXPECT_EQ(all.fail.count, std::uint64_t{kThreads} * kRounds / 3);
  EXPECT_EQ(all.pending, 0U);
  ASSERT_EQ(all.batches.size(), 290U);
  std::uint64_t executions = 0;
  for (const BatchStatistics& batch : all.batches) executions += batch.compute_infer.count;
  EXPECT_EQ(executions, kAll);
}

}  // namespace
}  // namespace onda::telemetry
