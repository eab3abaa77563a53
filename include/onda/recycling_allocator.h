#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "onda/allocator.h"

namespace onda {

namespace memory {
class AllocationRound;
class RoundMemories;
}  // namespace memory

struct RecyclingOptions {
  /// What may be held at most, live or kept for reuse; an allocation above it is resource_exhausted. 0: no
  /// budget.
  std::uint64_t budget_bytes = 0;
  /// Memory that nobody needed for so long goes back to the system (after one to two and a half times this).
  std::chrono::nanoseconds decay = std::chrono::seconds(1);
  /// Decay on one thread of the allocator's own, made at the first need and ended when nothing is held. Off
  /// for programs that want no thread: they call `decay()` or `trim()`.
  bool background = true;
  /// Ask for transparent huge pages: fewer page faults, memory in steps of 2 MB.
  bool huge_pages = false;
  /// Where the time comes from; empty: std::chrono::steady_clock. It must not use the allocator.
  std::function<std::chrono::steady_clock::time_point()> clock = {};
};

/// Reuses memory: small blocks (up to 32 KB) from size classes with a cache for each thread, large ones from
/// ranges of pages that are split and coalesced by best fit. Free pages stay within a few per cent of what
/// was live at the recent peak, the rest is given back at once; with time all of it is.
///
/// Safe from any thread; a block may be given back on any thread. Alignments up to 2 MB. A block that is
/// given back twice, or with another size, or is not of this allocator, ends a debug build with a message;
/// the address sanitizer is told which memory is free.
///
/// A thread's cache is gone with the thread or with the allocator, whichever ends first. The first eight
/// allocators that live at a time have caches, further ones take a lock for each small block.
class RecyclingAllocator final : public Allocator {
 public:
  /// Larger blocks have ranges of pages of their own.
  static constexpr std::size_t kLargestSmallBlock = std::size_t{32} << 10;
  static constexpr std::size_t kLargestAlignment = std::size_t{2} << 20;

  /// Throws invalid_argument for a negative or zero `decay`. Takes nothing from the system yet.
  explicit RecyclingAllocator(RecyclingOptions options = {});
  /// No block may be live, and no thread may be in a call.
  ~RecyclingAllocator() override;

  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment = kAlignment) override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment = kAlignment) noexcept override;

  /// As `allocate`, but null where that throws.
  [[nodiscard]] void* try_allocate(std::size_t bytes, std::size_t alignment = kAlignment) noexcept;
  /// For callers that do not know the size. A few nanoseconds slower.
  void deallocate(void* block) noexcept;
  /// Whether the address lies in memory of this allocator. Takes no lock.
  [[nodiscard]] bool owns(const void* address) const noexcept;

  /// Small blocks are live with the size of their class (at most a quarter more than asked for above 256
  /// bytes), large ones with the bytes asked for. The peak counts the pages that small blocks are cut from
  /// whole: it may be above the largest `live_bytes` by these, never below. Large allocations are cache
  /// misses.
  [[nodiscard]] AllocatorStatistics statistics() const noexcept override;

  /// Gives all free memory back now. What the caches of other threads hold (at most 256 KB each) stays
  /// theirs.
  void trim() noexcept override;
  /// Gives back what was not needed for `decay` by the clock; what the background thread calls. Time passes
  /// in steps of half of `decay`, so it is to be called that often; a call in between does nothing.
  void decay() noexcept;

  class Impl;

 private:
  friend class memory::AllocationRound;
  memory::RoundMemories& round_memories() noexcept;

  std::unique_ptr<Impl> impl_;
};

}  // namespace onda
