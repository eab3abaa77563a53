#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace onda::bench {

/// What one run of a model asks of an allocator, in order.
struct TraceEvent {
  bool is_free = false;
  std::size_t block = 0;  ///< its number, counted from 0 in the order of allocation
  std::size_t bytes = 0;  ///< of an allocation
};

struct Trace {
  std::vector<TraceEvent> events;
  std::size_t blocks = 0;
  std::size_t live_peak = 0;  ///< the largest sum of bytes that are live at once
};

/// Reads what `record_trace` has written: a line "a BYTES" for each allocation, "f BLOCK" for each free, and
/// comments that start with "#". Throws std::runtime_error for anything else, and for blocks that are not
/// freed exactly once.
[[nodiscard]] Trace read_trace(const std::filesystem::path& file);

}  // namespace onda::bench
