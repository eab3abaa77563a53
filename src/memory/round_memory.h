#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <mutex>
#include "memory/round_plan.h"

namespace onda::memory {

/// One piece of memory that serves the blocks of one round after the other, with the plan that they follow.
/// Used by the round's thread without a lock; blocks that come back on other threads wait in a list until it
/// looks. Made, kept and given back by `RoundMemories`. No block lies where the piece's range of pages
/// begins, so that a block is never taken for the range.
class RoundMemory {
 public:
  RoundMemory() = default;
  RoundMemory(const RoundMemory&) = delete;
  RoundMemory& operator=(const RoundMemory&) = delete;

  [[nodiscard]] const RoundPlan& plan() const noexcept { return *plan_; }

  [[nodiscard]] bool contains(const void* address) const noexcept {
    const auto* byte = static_cast<const std::byte*>(address);
    return byte >= begin_ && byte < begin_ + bytes_;
  }

  /// The block at `offset`; null where a live block is in the way, or more are live than the plan knows.
  [[nodiscard]] void* place(std::size_t offset, std::size_t bytes) noexcept;
  /// A block of `place`, given back by the round's own thread.
  void take_back(const void* block) noexcept;

 private:
  friend class RoundMemories;

  struct Block {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  [[nodiscard]] bool has_room(std::size_t begin, std::size_t end) const noexcept;
  bool forget(std::size_t begin) noexcept;
  void collect_returned() noexcept;

  std::byte* begin_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<Block> live_;

  // Whose plan it is: the same plans and key, and none of the plans dropped since, mean the same plan.
  std::shared_ptr<const RoundPlan> plan_;
  std::uint64_t plans_id_ = 0;
  std::uint64_t plans_version_ = 0;
  std::uint64_t key_ = 0;

  std::atomic<std::uint64_t> used_in_{0};  ///< the interval of its last use

  std::mutex* lock_ = nullptr;         ///< that of `RoundMemories`
  std::vector<std::size_t> returned_;  // guarded by *lock_: blocks that came back on other threads
  std::atomic<bool> has_returned_{false};
  bool is_orphan_ = false;  // guarded by *lock_: its round is over, blocks of it are not

  RoundMemory* next_ = nullptr;  ///< of those that one thread is about to give back
};

}  // namespace onda::memory
