#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>

#include "cli/latency_histogram.h"
#include "onda/allocator.h"
#include "onda/session.h"

namespace onda::cli {

/// How long to measure, and from how many threads.
struct MeasurementPlan {
  std::int64_t callers = 1;
  std::chrono::nanoseconds warm_up{};
  std::chrono::nanoseconds duration{};
  std::optional<std::int64_t> iterations;  ///< instead of the duration: runs of all callers together
  std::stop_token stop;
  const Allocator* watched = nullptr;  ///< whose statistics are of interest; may be null
};

struct Measurement {
  LatencyHistogram latencies;
  std::chrono::duration<double> wall{};
  std::chrono::duration<double> cpu{};  ///< of the whole process
  std::uint64_t peak_memory_bytes = 0;
  std::optional<double> allocations_per_run;
  /// What the watched allocator had, in the moment of the most live bytes that was seen.
  std::optional<AllocatorStatistics> memory;

  [[nodiscard]] double runs_per_second() const {
    return wall.count() > 0 ? static_cast<double>(latencies.count()) / wall.count() : 0;
  }
};

/// Runs `session` on `inputs` (borrowed for the call) from `callers` threads at once. Outputs are
/// preallocated, a set for each caller, where they have a fixed size. Allocations are counted in runs of
/// their own after the timed ones. Throws what `Session::run` throws; `cancelled` when stopped.
[[nodiscard]] Measurement measure(const Session& session, std::span<const NamedView> inputs,
                                  const MeasurementPlan& plan);

}  // namespace onda::cli
