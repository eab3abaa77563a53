#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "telemetry/stripe.h"

namespace onda::telemetry {

/// Why a request failed: its queue was full or its time in there over; its client gave up; the model's run
/// failed; anything else.
enum class FailureReason { rejected, cancelled, backend, other };
inline constexpr std::size_t kFailureReasons = 4;

/// One request that was answered. The compute times are those of the execution that it took part in. A
/// negative time counts as 0.
struct RequestTimes {
  std::chrono::nanoseconds total{};  ///< from its arrival to its answer
  std::chrono::nanoseconds queue{};
  std::chrono::nanoseconds compute_input{};
  std::chrono::nanoseconds compute_infer{};
  std::chrono::nanoseconds compute_output{};
  std::chrono::system_clock::time_point ended{};
};

/// One call of the runtime that succeeded, for one request or for a batch of them.
struct ExecutionTimes {
  std::chrono::nanoseconds compute_input{};
  std::chrono::nanoseconds compute_infer{};
  std::chrono::nanoseconds compute_output{};
};

/// How often, and how long all together.
struct DurationCount {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;
  friend bool operator==(const DurationCount&, const DurationCount&) = default;
};

/// The executions of one batch size.
struct BatchStatistics {
  std::uint64_t batch_size = 0;
  DurationCount compute_input{};
  DurationCount compute_infer{};
  DurationCount compute_output{};
};

/// The figures of one model version since it was loaded, as the protocol's statistics and metrics report
/// them.
struct InferenceSnapshot {
  std::uint64_t last_inference_ms = 0;  ///< since the epoch; 0: never
  std::uint64_t inference_count = 0;    ///< items of batches, of requests that succeeded
  std::uint64_t execution_count = 0;
  DurationCount success{};  ///< requests; their whole time
  DurationCount fail{};
  DurationCount queue{};  ///< this count and those of compute are equal to that of success
  DurationCount compute_input{};
  DurationCount compute_infer{};
  DurationCount compute_output{};
  std::array<std::uint64_t, kFailureReasons> failures{};  ///< by FailureReason; their sum is fail.count
  std::uint64_t pending = 0;                              ///< requests that wait for their execution
  std::vector<BatchStatistics> batches{};                 ///< ascending by size
};

/// Counts what happens to one model version. All calls are safe from any thread; the recording ones take no
/// lock and allocate nothing, but for an execution of a batch size that is new or above kLargestFastBatch.
/// A snapshot beside them holds whole counts, but a time may miss a request that its count has.
class InferenceStatistics {
 public:
  /// Executions of larger batches take a lock, which their length leaves unnoticed.
  static constexpr std::size_t kLargestFastBatch = 256;
  /// Executions of further sizes are counted, but not by size: what clients send must not grow this forever.
  static constexpr std::size_t kMostBatchSizes = 1024;

  InferenceStatistics() noexcept;
  InferenceStatistics(const InferenceStatistics&) = delete;
  InferenceStatistics& operator=(const InferenceStatistics&) = delete;
  ~InferenceStatistics();

  /// A request that was answered: `batch_items` is its own batch size, 1 where the model has none.
  void record_success(const RequestTimes& times, std::uint64_t batch_items) noexcept;
  /// A request that was not; `total` is the time since its arrival.
  void record_failure(FailureReason reason, std::chrono::nanoseconds total) noexcept;
  /// `batch_size` is that of all requests in it together; 0 counts as 1.
  void record_execution(std::uint64_t batch_size, const ExecutionTimes& times) noexcept;

  /// A request starts to wait for its execution, and stops, for whatever reason.
  void add_pending() noexcept;
  void remove_pending(std::int64_t requests = 1) noexcept;

  [[nodiscard]] InferenceSnapshot snapshot() const;

 private:
  /// One thread's part: a request that succeeds writes the first line and `pending`.
  struct alignas(kCacheLineBytes) Part {
    std::atomic<std::uint64_t> success_count{0};
    std::atomic<std::uint64_t> success_ns{0};
    std::atomic<std::uint64_t> queue_ns{0};
    std::atomic<std::uint64_t> compute_input_ns{0};
    std::atomic<std::uint64_t> compute_infer_ns{0};
    std::atomic<std::uint64_t> compute_output_ns{0};
    std::atomic<std::uint64_t> inference_count{0};
    std::atomic<std::uint64_t> last_inference_ms{0};

    std::atomic<std::int64_t> pending{0};
    std::atomic<std::uint64_t> execution_count{0};
    std::array<std::atomic<std::uint64_t>, kFailureReasons> failures{};
    std::atomic<std::uint64_t> fail_ns{0};
  };
  /// The executions of one batch size.
  struct Batch;

  [[nodiscard]] Batch* fast_batch(std::uint64_t batch_size) noexcept;
  void record_large_batch(std::uint64_t batch_size, const ExecutionTimes& times) noexcept;

  std::array<Part, kStripes> parts_;
  /// For each size from 1 on; made at its first execution, owned, and never replaced.
  std::array<std::atomic<Batch*>, kLargestFastBatch> fast_batches_{};
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::uint64_t, BatchStatistics> large_batches_;
};

}  // namespace onda::telemetry
