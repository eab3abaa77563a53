#include "onda/arena_allocator.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "memory/poison.h"
#include "onda/error.h"

namespace onda {

/// Stands at the beginning of its own memory.
struct ArenaAllocator::Chunk {
  Chunk* next = nullptr;
  std::size_t bytes = 0;              // with this header
  std::atomic<std::size_t> used = 0;  // from the beginning of the header

  [[nodiscard]] std::size_t room() const noexcept { return bytes - used.load(std::memory_order_relaxed); }
};

namespace {

/// The header has a step of its own, so that the first block is aligned.
constexpr std::size_t kHeaderBytes = Allocator::kAlignment;
constexpr std::size_t kLargest = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

}  // namespace

ArenaAllocator::ArenaAllocator(std::shared_ptr<Allocator> parent, std::size_t first_chunk_bytes)
    : parent_(std::move(parent)),
      first_chunk_bytes_(std::clamp(first_chunk_bytes, 2 * kHeaderBytes, kLargest / 2)) {
  static_assert(sizeof(Chunk) <= kHeaderBytes);
  if (parent_ == nullptr) {
    throw Error(ErrorCode::invalid_argument, "an arena was given no allocator to take its chunks from");
  }
}

ArenaAllocator::~ArenaAllocator() {
  while (chunks_ != nullptr) release(std::exchange(chunks_, chunks_->next));
}

void* ArenaAllocator::allocate(std::size_t bytes, std::size_t alignment) {
  if (!std::has_single_bit(alignment)) {
    throw Error(ErrorCode::invalid_argument,
                "alignment " + std::to_string(alignment) + " is not a power of two");
  }
  alignment = std::max(alignment, kAlignment);
  const std::size_t taken = std::max<std::size_t>(bytes, 1);
  Chunk* chunk = current_.load(std::memory_order_acquire);
  void* block = chunk != nullptr ? bump(*chunk, taken, alignment) : nullptr;
  if (block == nullptr) [[unlikely]]
    block = bump_in_new_chunk(taken, alignment);
  memory::unpoison(block, bytes);
  count(bytes);
  return block;
}

void ArenaAllocator::deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/) noexcept {
  if (block == nullptr) return;
  memory::poison(block, bytes);
  live_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void ArenaAllocator::reset() noexcept {
  const std::scoped_lock lock(mutex_);
  Chunk* largest = nullptr;
  std::size_t pass_bytes = 0;
  while (chunks_ != nullptr) {
    Chunk* chunk = std::exchange(chunks_, chunks_->next);
    pass_bytes += chunk->used.load(std::memory_order_relaxed);
    if (largest != nullptr && largest->bytes >= chunk->bytes) {
      release(chunk);
    } else {
      if (largest != nullptr) release(largest);
      largest = chunk;
    }
  }
  if (largest != nullptr) {
    largest->next = nullptr;
    largest->used.store(kHeaderBytes, std::memory_order_relaxed);
    memory::poison(reinterpret_cast<std::byte*>(largest) + kHeaderBytes, largest->bytes - kHeaderBytes);
  }
  chunks_ = largest;
  largest_pass_bytes_ = std::max(largest_pass_bytes_, pass_bytes);
  current_.store(largest, std::memory_order_release);
  live_bytes_.store(0, std::memory_order_relaxed);
}

AllocatorStatistics ArenaAllocator::statistics() const noexcept {
  AllocatorStatistics statistics;
  statistics.live_bytes = live_bytes_.load(std::memory_order_relaxed);
  statistics.held_bytes = held_bytes_.load(std::memory_order_relaxed);
  statistics.peak_bytes = peak_bytes_.load(std::memory_order_relaxed);
  statistics.allocations = allocations_.load(std::memory_order_relaxed);
  statistics.cache_misses = std::min(misses_.load(std::memory_order_relaxed), statistics.allocations);
  statistics.cache_hits = statistics.allocations - statistics.cache_misses;
  return statistics;
}

/// Null where the chunk has no room for it.
void* ArenaAllocator::bump(Chunk& chunk, std::size_t bytes, std::size_t alignment) noexcept {
  auto* begin = reinterpret_cast<std::byte*>(&chunk);
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  std::size_t used = chunk.used.load(std::memory_order_relaxed);
  for (;;) {
    // Up to the alignment, which may be any power of two: the difference is below it and does not overflow.
    const std::size_t padding = (0 - (address + used)) & (alignment - 1);
    const std::size_t room = chunk.bytes - used;
    if (padding > room || bytes > room - padding) return nullptr;
    if (chunk.used.compare_exchange_weak(used, used + padding + bytes, std::memory_order_relaxed)) {
      return begin + used + padding;
    }
  }
}

void* ArenaAllocator::bump_in_new_chunk(std::size_t bytes, std::size_t alignment) {
  const std::scoped_lock lock(mutex_);
  misses_.fetch_add(1, std::memory_order_relaxed);
  Chunk* current = current_.load(std::memory_order_relaxed);
  if (current != nullptr) {
    // Another thread may have made one meanwhile.
    if (void* block = bump(*current, bytes, alignment)) return block;
  }
  // A chunk begins at a multiple of kAlignment.
  const std::size_t padding = alignment - kAlignment;
  if (padding > kLargest - kHeaderBytes || bytes > kLargest - kHeaderBytes - padding) {
    throw Error(ErrorCode::resource_exhausted,
                "cannot allocate " + std::to_string(bytes) + " bytes of memory");
  }
  Chunk* chunk = make_chunk(kHeaderBytes + padding + bytes);
  void* block = bump(*chunk, bytes, alignment);
  chunk->next = chunks_;
  chunks_ = chunk;
  // A block that filled its chunk leaves the one before in use.
  if (current == nullptr || chunk->room() > current->room()) {
    current_.store(chunk, std::memory_order_release);
  }
  return block;
}

ArenaAllocator::Chunk* ArenaAllocator::make_chunk(std::size_t needed) {
  const std::size_t held = held_bytes_.load(std::memory_order_relaxed);
  std::size_t bytes = std::max({needed, first_chunk_bytes_, held, largest_pass_bytes_});
  void* memory = nullptr;
  try {
    memory = parent_->allocate(bytes);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::resource_exhausted || bytes == needed) throw;
    // What is needed may still be had.
    bytes = needed;
    memory = parent_->allocate(bytes);
  }
  held_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  auto* chunk = new (memory) Chunk();
  chunk->bytes = bytes;
  chunk->used.store(kHeaderBytes, std::memory_order_relaxed);
  memory::poison(static_cast<std::byte*>(memory) + kHeaderBytes, bytes - kHeaderBytes);
  return chunk;
}

void ArenaAllocator::release(Chunk* chunk) noexcept {
  const std::size_t bytes = chunk->bytes;
  memory::unpoison(chunk, bytes);
  chunk->~Chunk();
  parent_->deallocate(chunk, bytes);
  held_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void ArenaAllocator::count(std::size_t bytes) noexcept {
  const std::uint64_t live = live_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::uint64_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (peak < live && !peak_bytes_.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
  allocations_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace onda
