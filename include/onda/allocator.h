#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace onda {

/// What an allocator has done so far. What an allocator does not have (a budget, a cache) stays 0.
struct AllocatorStatistics {
  std::uint64_t live_bytes = 0;    ///< allocated and not yet given back
  std::uint64_t held_bytes = 0;    ///< taken from the system, live or kept for reuse
  std::uint64_t peak_bytes = 0;    ///< the largest `live_bytes` so far
  std::uint64_t budget_bytes = 0;  ///< what `held_bytes` never exceeds; 0: no budget
  std::uint64_t allocations = 0;   ///< calls of `allocate` that succeeded
  std::uint64_t cache_hits = 0;    ///< of them, served without a lock
  std::uint64_t cache_misses = 0;  ///< of them, served under one
  std::uint64_t trims = 0;         ///< times that memory was given back to the system

  /// The share of what is held that nobody uses: 1 - live / held, 0 where nothing is held.
  [[nodiscard]] double fragmentation() const noexcept {
    if (held_bytes == 0 || live_bytes >= held_bytes) return 0;
    return 1.0 - static_cast<double>(live_bytes) / static_cast<double>(held_bytes);
  }
};

/// Where tensors get their memory. Implementations are safe from any thread.
class Allocator {
 public:
  /// Every block is aligned at least so: a cache line, and an AVX-512 register.
  static constexpr std::size_t kAlignment = 64;

  Allocator() = default;
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;
  virtual ~Allocator() = default;

  /// A block of at least `bytes` bytes; never null, also for 0 bytes. `alignment` is a power of two; smaller
  /// ones than `kAlignment` are raised to it. Throws resource_exhausted when the memory is not to be had
  /// or a budget is exceeded, which leaves the allocator usable.
  [[nodiscard]] virtual void* allocate(std::size_t bytes, std::size_t alignment = kAlignment) = 0;

  /// Takes back a block; `bytes` and `alignment` are those of its `allocate`. From any thread.
  virtual void deallocate(void* block, std::size_t bytes, std::size_t alignment = kAlignment) noexcept = 0;

  /// Cheap at any time; the figures are each right, but not of one moment where other threads allocate.
  [[nodiscard]] virtual AllocatorStatistics statistics() const noexcept = 0;

  /// Gives memory that is kept for reuse back to the system, where there is some.
  virtual void trim() noexcept {}
};

/// Straight to the C library's aligned allocation, with counters. It lives as long as the process.
[[nodiscard]] std::shared_ptr<Allocator> system_allocator();

}  // namespace onda
