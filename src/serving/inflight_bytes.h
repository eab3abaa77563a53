#pragma once

#include <atomic>
#include <cstdint>

namespace onda::serving {

/// Bounds the bytes of all requests that are being read or answered. Safe from any thread.
class InflightBytes {
 public:
  explicit InflightBytes(std::uint64_t limit) noexcept : limit_(limit) {}

  /// False, and nothing is taken, where that would pass the limit.
  [[nodiscard]] bool try_take(std::uint64_t bytes) noexcept {
    // Relaxed: the counter orders nothing.
    const std::uint64_t before = taken_.fetch_add(bytes, std::memory_order_relaxed);
    if (bytes <= limit_ && before <= limit_ - bytes) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) noexcept { taken_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> taken_{0};
};

}  // namespace onda::serving
