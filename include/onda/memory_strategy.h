#pragma once

#include <string_view>

namespace onda {

/// Where a session's activations and outputs get their memory on the CPU. Weights are apart in all of them.
enum class MemoryStrategy {
  /// The runtime's RecyclingAllocator, one for all sessions of the process: it keeps to a budget, and gives
  /// back what is no longer used (see RuntimeOptions::memory).
  recycling,
  /// ONNX Runtime's own arena, one for each session: it grows to the worst request and stays there. No
  /// budget.
  arena,
  /// The C library's allocation for each tensor: nothing is kept, and each run pays for page faults. No
  /// budget.
  system,
};

/// "recycling", "arena", "system".
[[nodiscard]] std::string_view to_string(MemoryStrategy strategy) noexcept;

}  // namespace onda
