#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench_measurement.h"

namespace onda::cli {

/// One line of the table.
struct BenchRow {
  std::int64_t batch = 1;
  std::int64_t threads = 1;
  std::int64_t callers = 1;
  Measurement measurement;
};

/// Where tensors got their memory.
struct BenchMemory {
  std::string strategy;
  /// Of the recycling allocator: live and held in the fullest moment that was seen, the rest at the end.
  /// Empty for the other strategies, which tell nothing.
  std::optional<AllocatorStatistics> statistics;
  /// What the runs of the largest session took; empty where nobody can tell.
  std::optional<SessionMemory> runs;
};

struct BenchReport {
  std::string model;
  std::string device;
  std::string runtime_version;
  bool is_prepared = false;
  double load_seconds = 0;  ///< of the first session
  std::uint64_t seed = 0;
  std::vector<BenchRow> rows;
  BenchMemory memory;
};

/// The table, and what its columns mean.
[[nodiscard]] std::string bench_text(const BenchReport& report);
[[nodiscard]] std::string bench_csv(const BenchReport& report);
[[nodiscard]] std::string bench_json(const BenchReport& report);
/// Throughput and latency over the first of batch, callers and threads that has several values.
[[nodiscard]] std::string bench_svg(const BenchReport& report);

}  // namespace onda::cli
