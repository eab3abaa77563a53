#include "telemetry/inference_statistics.h"

#include <algorithm>
#include <new>

namespace onda::telemetry {
namespace {

// All that is counted here is relaxed: figures to look at, which publish nothing else.
constexpr auto kRelaxed = std::memory_order_relaxed;

std::uint64_t ns_of(std::chrono::nanoseconds time) noexcept {
  return static_cast<std::uint64_t>(std::max(time.count(), std::chrono::nanoseconds::rep{0}));
}

std::uint64_t ms_since_epoch(std::chrono::system_clock::time_point time) noexcept {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max(since.count(), std::chrono::milliseconds::rep{0}));
}

void raise_to(std::atomic<std::uint64_t>& largest, std::uint64_t value) noexcept {
  std::uint64_t before = largest.load(kRelaxed);
  while (before < value && !largest.compare_exchange_weak(before, value, kRelaxed)) {
  }
}

void add(BatchStatistics& batch, const ExecutionTimes& times) noexcept {
  const auto count = [](DurationCount& sum, std::chrono::nanoseconds time) {
    ++sum.count;
    sum.ns += ns_of(time);
  };
  count(batch.compute_input, times.compute_input);
  count(batch.compute_infer, times.compute_infer);
  count(batch.compute_output, times.compute_output);
}

}  // namespace

struct InferenceStatistics::Batch {
  struct alignas(kCacheLineBytes) Part {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> compute_input_ns{0};
    std::atomic<std::uint64_t> compute_infer_ns{0};
    std::atomic<std::uint64_t> compute_output_ns{0};
  };
  std::array<Part, kStripes> parts;
};

InferenceStatistics::InferenceStatistics() noexcept = default;

InferenceStatistics::~InferenceStatistics() {
  for (const auto& batch : fast_batches_) {
    const std::unique_ptr<Batch> owned(batch.load(std::memory_order_acquire));
  }
}

void InferenceStatistics::record_success(const RequestTimes& times, std::uint64_t batch_items) noexcept {
  Part& part = parts_[stripe()];
  part.success_count.fetch_add(1, kRelaxed);
  part.success_ns.fetch_add(ns_of(times.total), kRelaxed);
  part.queue_ns.fetch_add(ns_of(times.queue), kRelaxed);
  part.compute_input_ns.fetch_add(ns_of(times.compute_input), kRelaxed);
  part.compute_infer_ns.fetch_add(ns_of(times.compute_infer), kRelaxed);
  part.compute_output_ns.fetch_add(ns_of(times.compute_output), kRelaxed);
  part.inference_count.fetch_add(batch_items, kRelaxed);
  raise_to(part.last_inference_ms, ms_since_epoch(times.ended));
}

void InferenceStatistics::record_failure(FailureReason reason, std::chrono::nanoseconds total) noexcept {
  Part& part = parts_[stripe()];
  part.failures[static_cast<std::size_t>(reason)].fetch_add(1, kRelaxed);
  part.fail_ns.fetch_add(ns_of(total), kRelaxed);
}

void InferenceStatistics::add_pending() noexcept { parts_[stripe()].pending.fetch_add(1, kRelaxed); }

void InferenceStatistics::remove_pending(std::int64_t requests) noexcept {
  parts_[stripe()].pending.fetch_sub(requests, kRelaxed);
}

/// Null where there is no memory for it.
InferenceStatistics::Batch* InferenceStatistics::fast_batch(std::uint64_t batch_size) noexcept {
  std::atomic<Batch*>& slot = fast_batches_[batch_size - 1];
  // Acquire: the counters were initialised before the pointer to them was stored.
  Batch* batch = slot.load(std::memory_order_acquire);
  if (batch != nullptr) return batch;
  try {
    auto made = std::make_unique<Batch>();
    // Another thread may have been first: `batch` is its then.
    if (slot.compare_exchange_strong(batch, made.get(), std::memory_order_acq_rel)) batch = made.release();
  } catch (const std::bad_alloc&) {
  }
  return batch;
}

void InferenceStatistics::record_large_batch(std::uint64_t batch_size, const ExecutionTimes& times) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    auto found = large_batches_.find(batch_size);
    if (found == large_batches_.end()) {
      if (large_batches_.size() + kLargestFastBatch >= kMostBatchSizes) return;
      found = large_batches_.emplace(batch_size, BatchStatistics{.batch_size = batch_size}).first;
    }
    add(found->second, times);
  } catch (const std::bad_alloc&) {
    // Counted by then, but not by size.
  }
}

void InferenceStatistics::record_execution(std::uint64_t batch_size, const ExecutionTimes& times) noexcept {
  const unsigned mine = stripe();
  parts_[mine].execution_count.fetch_add(1, kRelaxed);
  const std::uint64_t size = std::max(batch_size, std::uint64_t{1});
  if (size > kLargestFastBatch) {
    record_large_batch(size, times);
    return;
  }
  Batch* batch = fast_batch(size);
  if (batch == nullptr) return;
  auto& part = batch->parts[mine];
  part.count.fetch_add(1, kRelaxed);
  part.compute_input_ns.fetch_add(ns_of(times.compute_input), kRelaxed);
  part.compute_infer_ns.fetch_add(ns_of(times.compute_infer), kRelaxed);
  part.compute_output_ns.fetch_add(ns_of(times.compute_output), kRelaxed);
}

InferenceSnapshot InferenceStatistics::snapshot() const {
  InferenceSnapshot sum;
  std::int64_t pending = 0;
  for (const Part& part : parts_) {
    sum.last_inference_ms = std::max(sum.last_inference_ms, part.last_inference_ms.load(kRelaxed));
    sum.inference_count += part.inference_count.load(kRelaxed);
    sum.execution_count += part.execution_count.load(kRelaxed);
    sum.success.count += part.success_count.load(kRelaxed);
    sum.success.ns += part.success_ns.load(kRelaxed);
    sum.queue.ns += part.queue_ns.load(kRelaxed);
    sum.compute_input.ns += part.compute_input_ns.load(kRelaxed);
    sum.compute_infer.ns += part.compute_infer_ns.load(kRelaxed);
    sum.compute_output.ns += part.compute_output_ns.load(kRelaxed);
    sum.fail.ns += part.fail_ns.load(kRelaxed);
    for (std::size_t i = 0; i < kFailureReasons; ++i) sum.failures[i] += part.failures[i].load(kRelaxed);
    pending += part.pending.load(kRelaxed);
  }
  // From one count each: clients give up where those that must be equal are not.
  sum.queue.count = sum.success.count;
  sum.compute_input.count = sum.success.count;
  sum.compute_infer.count = sum.success.count;
  sum.compute_output.count = sum.success.count;
  for (const std::uint64_t failures : sum.failures) sum.fail.count += failures;
  sum.pending = static_cast<std::uint64_t>(std::max(pending, std::int64_t{0}));

  for (std::size_t i = 0; i < fast_batches_.size(); ++i) {
    const Batch* batch = fast_batches_[i].load(std::memory_order_acquire);
    if (batch == nullptr) continue;
    BatchStatistics of_size{.batch_size = i + 1};
    std::uint64_t count = 0;
    for (const auto& part : batch->parts) {
      count += part.count.load(kRelaxed);
      of_size.compute_input.ns += part.compute_input_ns.load(kRelaxed);
      of_size.compute_infer.ns += part.compute_infer_ns.load(kRelaxed);
      of_size.compute_output.ns += part.compute_output_ns.load(kRelaxed);
    }
    of_size.compute_input.count = count;
    of_size.compute_infer.count = count;
    of_size.compute_output.count = count;
    sum.batches.push_back(of_size);
  }
  const std::scoped_lock lock(mutex_);
  for (const auto& [size, batch] : large_batches_) sum.batches.push_back(batch);
  return sum;
}

}  // namespace onda::telemetry
