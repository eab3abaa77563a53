#pragma once

#include <chrono>
#include <cstdint>

namespace onda::cli {

/// User and system time of all threads of this process so far.
[[nodiscard]] std::chrono::nanoseconds process_cpu_time() noexcept;

/// The most memory that was resident since the last `reset_peak_memory`, or since the start where the system
/// cannot reset it.
[[nodiscard]] std::uint64_t peak_memory_bytes() noexcept;
void reset_peak_memory() noexcept;

}  // namespace onda::cli
