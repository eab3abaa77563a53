#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace onda::cli {

/// Counts calls of operator new in the whole process, ONNX Runtime's included, where the program has replaced
/// it (allocation_hooks.cpp; test programs have not). ONNX Runtime's arena for tensors does not go through
/// it. Counting is off but while a count is asked for, because it costs nanoseconds a call.
class AllocationCount {
 public:
  /// Empty where operator new is not replaced.
  [[nodiscard]] static std::optional<std::uint64_t> so_far() noexcept;
  static void start() noexcept { is_counting_.store(true, std::memory_order_relaxed); }
  static void stop() noexcept { is_counting_.store(false, std::memory_order_relaxed); }

  /// For the hooks alone. Relaxed: a count orders nothing, and is read after the counted threads were joined.
  static void note_call() noexcept {
    if (is_counting_.load(std::memory_order_relaxed)) calls_.fetch_add(1, std::memory_order_relaxed);
  }
  static void announce_hooks() noexcept { are_hooks_there_ = true; }

 private:
  static inline std::atomic<bool> is_counting_ = false;
  static inline std::atomic<std::uint64_t> calls_ = 0;
  static inline bool are_hooks_there_ = false;
};

inline std::optional<std::uint64_t> AllocationCount::so_far() noexcept {
  if (!are_hooks_there_) return std::nullopt;
  return calls_.load(std::memory_order_relaxed);
}

}  // namespace onda::cli
