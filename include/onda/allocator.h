#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace onda {

/// What an allocator has done so far. Bytes are those that callers asked for, except `held_bytes`.
struct AllocatorStatistics {
  std::uint64_t live_bytes = 0;   ///< allocated and not yet given back
  std::uint64_t held_bytes = 0;   ///< taken from the system, live or kept for reuse
  std::uint64_t peak_bytes = 0;   ///< the largest `live_bytes` so far
  std::uint64_t allocations = 0;  ///< calls of `allocate` that succeeded
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

  [[nodiscard]] virtual AllocatorStatistics statistics() const noexcept = 0;
};

/// Straight to the C library's aligned allocation, with counters. It lives as long as the process.
[[nodiscard]] std::shared_ptr<Allocator> system_allocator();

}  // namespace onda
