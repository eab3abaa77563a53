#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "onda/allocator.h"

namespace onda {

/// Memory for a single pass: blocks are laid one after another into chunks of another allocator and are gone
/// all at once, with `reset` or with the arena. Giving one back only counts.
///
/// Safe from any thread but for `reset` and the destructor. A block costs an atomic addition or two, and no
/// lock unless a chunk is full. Each new chunk is as large as those before it together, and as
/// the largest pass so far: a pass has few chunks, and soon a single one.
class ArenaAllocator final : public Allocator {
 public:
  static constexpr std::size_t kFirstChunkBytes = std::size_t{64} << 10;

  /// Chunks come from `parent`, which the arena keeps alive; the first has `first_chunk_bytes`, or what the
  /// first block needs. Takes nothing yet. Throws invalid_argument where there is no parent.
  explicit ArenaAllocator(std::shared_ptr<Allocator> parent = system_allocator(),
                          std::size_t first_chunk_bytes = kFirstChunkBytes);
  /// No block may be used from here on.
  ~ArenaAllocator() override;

  /// Throws what the parent throws; blocks of before stay.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment = kAlignment) override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment = kAlignment) noexcept override;

  /// Ends all blocks, given back or not; afterwards none of them may be used or given back. The largest chunk
  /// is kept for the next pass, the others go to the parent. Not while another thread is in a call.
  void reset() noexcept;

  /// `held_bytes` are those of the chunks, `live_bytes` fall to 0 with `reset`, `cache_misses` are the blocks
  /// that took the lock.
  [[nodiscard]] AllocatorStatistics statistics() const noexcept override;

 private:
  struct Chunk;

  [[nodiscard]] static void* bump(Chunk& chunk, std::size_t bytes, std::size_t alignment) noexcept;
  [[nodiscard]] void* bump_in_new_chunk(std::size_t bytes, std::size_t alignment);
  [[nodiscard]] Chunk* make_chunk(std::size_t needed);
  void release(Chunk* chunk) noexcept;
  void count(std::size_t bytes) noexcept;

  const std::shared_ptr<Allocator> parent_;
  const std::size_t first_chunk_bytes_;

  std::mutex mutex_;
  // Guarded by mutex_.
  Chunk* chunks_ = nullptr;
  std::size_t largest_pass_bytes_ = 0;  // that ended with a reset

  std::atomic<Chunk*> current_{nullptr};  // where blocks go; changed under mutex_

  // Relaxed: the counters order nothing, and each is exact on its own.
  std::atomic<std::uint64_t> held_bytes_{0};
  std::atomic<std::uint64_t> live_bytes_{0};
  std::atomic<std::uint64_t> peak_bytes_{0};
  std::atomic<std::uint64_t> allocations_{0};
  std::atomic<std::uint64_t> misses_{0};
};

}  // namespace onda
