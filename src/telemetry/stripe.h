#pragma once

#include <cstddef>

namespace onda::telemetry {

/// How many parts a striped counter has.
inline constexpr unsigned kStripes = 8;

/// What two processors cannot write at the same time without waiting for each other.
inline constexpr std::size_t kCacheLineBytes = 64;

/// The calling thread's number, below kStripes and always the same: the part of striped counters that it
/// writes. Dealt round robin, so that up to kStripes threads do not meet; more of them share, which is slower
/// and as correct.
[[nodiscard]] unsigned stripe() noexcept;

}  // namespace onda::telemetry
