#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "onda/session.h"

namespace onda::runtime {

/// What the runs of one session took, for `Session::memory`. Safe from any thread. Callers that run the
/// session at once write to lines of their own, so that counting does not make them meet.
class MemoryAccount {
 public:
  void add_run(std::uint64_t peak_bytes, std::uint64_t allocations) noexcept;
  [[nodiscard]] SessionMemory total() const noexcept;

 private:
  static constexpr std::size_t kLines = 8;
  struct alignas(64) Line {
    std::atomic<std::uint64_t> runs{0};
  };
  std::array<Line, kLines> lines_;
  // Written when they change, which in a steady stream they do not.
  std::atomic<std::uint64_t> peak_bytes_{0};
  std::atomic<std::uint64_t> last_allocations_{0};
};

/// While one lives, what the registered allocator gives to its thread is counted to `account`: a run's
/// activations, and the outputs that are not lent. Stays on one thread, lives on its stack; an inner one
/// hides the outer.
class RunMemory {
 public:
  /// Null: nothing is counted.
  explicit RunMemory(MemoryAccount* account) noexcept;
  RunMemory(const RunMemory&) = delete;
  RunMemory& operator=(const RunMemory&) = delete;
  /// Adds the run to the account. A run in which more than `kMostLive` blocks were alive at once counts
  /// without its peak.
  ~RunMemory();

  /// The one of this thread; null where none counts.
  [[nodiscard]] static RunMemory* current() noexcept { return current_; }

  void took(void* block, std::size_t bytes) noexcept;
  /// The size of a block that this run took; 0 for others.
  [[nodiscard]] std::size_t gives_back(const void* block) noexcept;

 private:
  static constexpr std::size_t kMostLive = 512;
  struct Block {
    const void* begin;
    std::size_t bytes;
  };

  static constinit thread_local RunMemory* current_;

  MemoryAccount* account_;
  RunMemory* outer_;
  std::size_t live_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t allocations_ = 0;
  bool has_lost_count_ = false;
  std::array<Block, kMostLive> blocks_;  // NOLINT: the first `live_` of them are set, in no order
};

}  // namespace onda::runtime
