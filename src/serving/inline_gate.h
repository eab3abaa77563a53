#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace onda::serving {

/// Decides which requests of a model are quick enough to run on the thread that received them, where others
/// wait behind them: those no larger than one that was measured below the cost of a hand-over to a worker.
///
/// A new, larger size is not allowed until a worker has measured it. Now and then a quick run looks slow,
/// because its thread had to wait: some are forgiven. Where too many are slow, or one is very slow, the size
/// is not allowed any more until more and more quick ones were seen, so that a model whose time does not
/// follow from its sizes stays away. Safe from any thread; what it says is a guess either way.
class InlineGate {
 public:
  explicit InlineGate(std::chrono::nanoseconds handover) noexcept : handover_(handover) {}

  [[nodiscard]] bool allows(std::uint64_t input_bytes) const noexcept {
    // Relaxed: the figure stands alone.
    return input_bytes < allowed_end_.load(std::memory_order_relaxed);
  }

  /// A request of that size has run alone, anywhere, in that time.
  void measured(std::uint64_t input_bytes, std::chrono::nanoseconds time) noexcept;

 private:
  // A slow run costs as much as so many quick ones earn: below one in nine, they are forgiven.
  static constexpr int kCostOfSlow = 8;
  static constexpr int kMostCredit = 64;
  // So much slower is no accident of the system's.
  static constexpr int kVerySlow = 40;
  static constexpr int kMostPatience = 4096;

  void demote(std::uint64_t input_bytes) noexcept;

  const std::chrono::nanoseconds handover_;
  /// Requests with fewer bytes are allowed.
  std::atomic<std::uint64_t> allowed_end_{0};
  std::atomic<int> credit_{0};
  /// Quick runs that are still to be seen before a larger size is allowed, and how many after the next
  /// demotion.
  std::atomic<int> patience_{1};
  std::atomic<int> next_patience_{2};
};

}  // namespace onda::serving
