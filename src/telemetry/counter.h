#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "telemetry/stripe.h"

namespace onda::telemetry {

/// A sum that many threads add to without a lock, each on its own cache line. All calls are safe from any
/// thread. Adding is one uncontended atomic addition; reading takes kStripes of them, and sees all that
/// happened before it, but of what is added meanwhile some or none.
template <class Number>
class StripedSum {
 public:
  StripedSum() noexcept = default;
  StripedSum(const StripedSum&) = delete;
  StripedSum& operator=(const StripedSum&) = delete;
  ~StripedSum() = default;

 protected:
  // Relaxed throughout: the sum is a figure to look at, and publishes nothing else.
  void add_to_mine(Number amount) noexcept {
    parts_[stripe()].sum.fetch_add(amount, std::memory_order_relaxed);
  }
  [[nodiscard]] Number total() const noexcept {
    Number total{};
    for (const Part& part : parts_) total += part.sum.load(std::memory_order_relaxed);
    return total;
  }

 private:
  struct alignas(kCacheLineBytes) Part {
    std::atomic<Number> sum{0};
  };
  std::array<Part, kStripes> parts_;
};

/// Only grows, and wraps at 2^64.
class Counter : private StripedSum<std::uint64_t> {
 public:
  void add(std::uint64_t amount = 1) noexcept { add_to_mine(amount); }
  [[nodiscard]] std::uint64_t value() const noexcept { return total(); }
};

/// How many there are just now. One thread may add what another takes away; a reader between the two may see
/// a value below zero.
class Gauge : private StripedSum<std::int64_t> {
 public:
  void add(std::int64_t amount = 1) noexcept { add_to_mine(amount); }
  void subtract(std::int64_t amount = 1) noexcept { add_to_mine(-amount); }
  [[nodiscard]] std::int64_t value() const noexcept { return total(); }
};

}  // namespace onda::telemetry
