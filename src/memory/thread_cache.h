#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memory/size_classes.h"
#include "memory/span_heap.h"

namespace onda::memory {

class RoundMemory;

/// What was asked of small blocks, and how it was served. `allocated` and `freed` count whole blocks of a
/// class.
struct SmallBlockCounts {
  std::uint64_t allocations = 0;
  std::uint64_t misses = 0;
  std::uint64_t large_allocations = 0;
  std::uint64_t planned_allocations = 0;  ///< large ones too, with a place in a round's memory
  std::uint64_t allocated_bytes = 0;
  std::uint64_t freed_bytes = 0;

  SmallBlockCounts& operator+=(const SmallBlockCounts& other) noexcept {
    allocations += other.allocations;
    misses += other.misses;
    large_allocations += other.large_allocations;
    planned_allocations += other.planned_allocations;
    allocated_bytes += other.allocated_bytes;
    freed_bytes += other.freed_bytes;
    return *this;
  }
};

/// The free blocks that one thread keeps, at most 256 KB: a stack for each size class. A stack may grow when
/// it was found empty or full, at the cost of others once all of the room is given out.
///
/// Used by its thread alone, but for `counts`.
class ThreadCache {
 public:
  static constexpr std::size_t kLargestBytes = std::size_t{256} << 10;

  /// A block of the class; null where there is none.
  [[nodiscard]] void* take(std::size_t size_class) noexcept {
    Stack& stack = stacks_[size_class];
    if (stack.count == 0) return nullptr;
    add_one(stack.allocations);
    return stack.blocks[--stack.count];
  }

  /// Fills the stack of the class, which is empty, and takes a block; null where there are none to be had.
  [[nodiscard]] void* refill(std::size_t size_class, SpanHeap& spans, bool& left_unneeded) noexcept;

  /// Keeps the block; false where its stack is full.
  [[nodiscard]] bool put(std::size_t size_class, void* block) noexcept {
    Stack& stack = stacks_[size_class];
    if (stack.count == stack.capacity) return false;
    add_one(stack.frees);
    stack.blocks[stack.count++] = block;
    return true;
  }

  /// Makes room in the stack of the class, which is full, and keeps the block. Returns what `SpanHeap::put`
  /// does.
  bool overflow(std::size_t size_class, void* block, SpanHeap& spans) noexcept;

  /// Gives all blocks back; returns what `SpanHeap::put` does.
  bool flush(SpanHeap& spans) noexcept;

  void count_large() noexcept { add_one(large_allocations_); }
  void count_planned() noexcept { add_one(planned_allocations_); }

  /// What its blocks have; by its thread.
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// The last round of this thread that had nothing to plan: asked about it again, its plans need not be.
  struct UnplannedRound {
    std::uint64_t plans_id = 0;
    std::uint64_t plans_version = 0;
    std::uint64_t key = 0;
    friend bool operator==(const UnplannedRound&, const UnplannedRound&) = default;
  };
  [[nodiscard]] UnplannedRound& unplanned_round() noexcept { return unplanned_round_; }

  // The memory of this thread's last round, for its next one. From any thread.

  [[nodiscard]] RoundMemory* take_idle_round() noexcept {
    if (idle_round_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    return idle_round_.exchange(nullptr, std::memory_order_acquire);
  }
  /// Returns the one that was there.
  [[nodiscard]] RoundMemory* keep_idle_round(RoundMemory* memory, std::size_t bytes) noexcept {
    idle_round_bytes_.store(bytes, std::memory_order_relaxed);
    return idle_round_.exchange(memory, std::memory_order_acq_rel);
  }
  /// False where there is another one by now.
  [[nodiscard]] bool put_back_idle_round(RoundMemory* memory, std::size_t bytes) noexcept {
    RoundMemory* none = nullptr;
    if (!idle_round_.compare_exchange_strong(none, memory, std::memory_order_acq_rel)) return false;
    idle_round_bytes_.store(bytes, std::memory_order_relaxed);
    return true;
  }
  [[nodiscard]] std::size_t idle_round_bytes() const noexcept {
    const bool is_there = idle_round_.load(std::memory_order_relaxed) != nullptr;
    return is_there ? idle_round_bytes_.load(std::memory_order_relaxed) : 0;
  }

  /// From any thread; exact where the calls of its thread happened before.
  [[nodiscard]] SmallBlockCounts counts() const noexcept;

 private:
  friend class ThreadCaches;

  /// Written by one thread alone, so that adding takes no locked instruction.
  using Counter = std::atomic<std::uint64_t>;
  static void add_one(Counter& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  struct alignas(64) Stack {
    std::uint32_t count = 0;
    std::uint32_t capacity = 0;
    Counter allocations{0};
    Counter frees{0};
    std::array<void*, SpanHeap::kLargestBatch> blocks;  // the first `count`, the coldest first
  };

  /// How far a stack may grow, and by how many blocks at a time.
  [[nodiscard]] static constexpr std::size_t most_blocks(std::size_t size_class) noexcept {
    constexpr std::size_t kBytes = std::size_t{128} << 10;
    return std::min(kBytes / SizeClasses::bytes(size_class), SpanHeap::kLargestBatch);
  }
  [[nodiscard]] static constexpr std::size_t step(std::size_t size_class) noexcept {
    constexpr std::size_t kBytes = std::size_t{8} << 10;
    return std::clamp<std::size_t>(kBytes / SizeClasses::bytes(size_class), 1, 16);
  }

  bool grow(std::size_t size_class, SpanHeap& spans) noexcept;
  bool shrink_others(std::size_t size_class, std::size_t bytes, SpanHeap& spans) noexcept;
  bool give_back(std::size_t size_class, std::size_t blocks, SpanHeap& spans) noexcept;

  std::array<Stack, SizeClasses::kCount> stacks_;
  std::size_t unused_bytes_ = kLargestBytes;  // of the room, in no stack's capacity
  std::size_t next_victim_ = 0;
  Counter misses_{0};
  UnplannedRound unplanned_round_;
  std::atomic<RoundMemory*> idle_round_{nullptr};
  std::atomic<std::size_t> idle_round_bytes_{0};
  Counter large_allocations_{0};
  Counter planned_allocations_{0};
  ThreadCache* next_ = nullptr;      // both: among those of the allocator, guarded by its lock
  ThreadCache* previous_ = nullptr;  //
};

}  // namespace onda::memory
