#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace onda::cli {

/// Counts durations in buckets that are 1/256 of their value wide, from 1 ns to centuries, so that a
/// percentile is off by 0.4 % at most whatever its size. Fixed memory, and no allocation while it counts. One
/// thread at a time.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds latency) noexcept;
  void merge(const LatencyHistogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The latency that `fraction` (0 to 1) of all do not pass; 0 where there are none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double fraction) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }
  [[nodiscard]] double mean_ns() const noexcept;

 private:
  static constexpr unsigned kSubBits = 8;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;
  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t middle_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace onda::cli
