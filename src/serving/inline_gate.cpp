#include "serving/inline_gate.h"

#include <algorithm>

namespace onda::serving {

void InlineGate::measured(std::uint64_t input_bytes, std::chrono::nanoseconds time) noexcept {
  const std::uint64_t end = allowed_end_.load(std::memory_order_relaxed);
  if (time <= handover_) {
    if (input_bytes < end) {
      // The common case, at full credit, writes nothing.
      if (credit_.load(std::memory_order_relaxed) < kMostCredit)
        credit_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (patience_.fetch_sub(1, std::memory_order_relaxed) > 1) return;
    patience_.store(1, std::memory_order_relaxed);
    credit_.store(kMostCredit / 2, std::memory_order_relaxed);
    allowed_end_.store(std::max(end, input_bytes + 1), std::memory_order_relaxed);
    return;
  }
  // A first run, or one of a size that nobody has allowed, is slow for good reasons.
  if (input_bytes >= end) return;
  const int cost = time > handover_ * kVerySlow ? kMostCredit : kCostOfSlow;
  if (credit_.fetch_sub(cost, std::memory_order_relaxed) <= cost) demote(input_bytes);
}

void InlineGate::demote(std::uint64_t input_bytes) noexcept {
  allowed_end_.store(input_bytes, std::memory_order_relaxed);
  const int patience = next_patience_.load(std::memory_order_relaxed);
  patience_.store(patience, std::memory_order_relaxed);
  next_patience_.store(std::min(patience * 2, kMostPatience), std::memory_order_relaxed);
}

}  // namespace onda::serving
