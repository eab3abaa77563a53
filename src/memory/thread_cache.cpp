#include "memory/thread_cache.h"

#include <cstring>

namespace onda::memory {

void* ThreadCache::refill(std::size_t size_class, SpanHeap& spans, bool& left_unneeded) noexcept {
  left_unneeded = grow(size_class, spans);
  Stack& stack = stacks_[size_class];
  // Half of the stack, so that as many may be given back before it is full.
  const std::size_t wanted = std::max<std::size_t>(stack.capacity / 2, 1);
  const std::size_t taken = spans.take(size_class, stack.blocks.data(), wanted);
  if (taken == 0) return nullptr;
  // One of them goes to the caller, so a stack without capacity stays empty.
  stack.count = static_cast<std::uint32_t>(taken) - 1;
  add_one(stack.allocations);
  add_one(misses_);
  return stack.blocks[stack.count];
}

bool ThreadCache::overflow(std::size_t size_class, void* block, SpanHeap& spans) noexcept {
  bool left_unneeded = grow(size_class, spans);
  Stack& stack = stacks_[size_class];
  if (stack.count == stack.capacity) {
    left_unneeded |= give_back(size_class, (stack.count + 1) / 2, spans);
  }
  if (stack.capacity == 0) {
    add_one(stack.frees);
    return spans.put(size_class, &block, 1) || left_unneeded;
  }
  static_cast<void>(put(size_class, block));  // there is room now
  return left_unneeded;
}

bool ThreadCache::flush(SpanHeap& spans) noexcept {
  bool left_unneeded = false;
  for (std::size_t c = 0; c < SizeClasses::kCount; ++c) {
    left_unneeded |= give_back(c, stacks_[c].count, spans);
  }
  return left_unneeded;
}

std::size_t ThreadCache::bytes() const noexcept {
  std::size_t sum = 0;
  for (std::size_t c = 0; c < SizeClasses::kCount; ++c) sum += stacks_[c].count * SizeClasses::bytes(c);
  return sum;
}

SmallBlockCounts ThreadCache::counts() const noexcept {
  SmallBlockCounts counts;
  for (std::size_t c = 0; c < SizeClasses::kCount; ++c) {
    const std::uint64_t allocations = stacks_[c].allocations.load(std::memory_order_relaxed);
    counts.allocations += allocations;
    counts.allocated_bytes += allocations * SizeClasses::bytes(c);
    counts.freed_bytes += stacks_[c].frees.load(std::memory_order_relaxed) * SizeClasses::bytes(c);
  }
  counts.misses = misses_.load(std::memory_order_relaxed);
  counts.large_allocations = large_allocations_.load(std::memory_order_relaxed);
  counts.planned_allocations = planned_allocations_.load(std::memory_order_relaxed);
  return counts;
}

bool ThreadCache::grow(std::size_t size_class, SpanHeap& spans) noexcept {
  Stack& stack = stacks_[size_class];
  const std::size_t blocks = std::min(step(size_class), most_blocks(size_class) - stack.capacity);
  const std::size_t bytes = blocks * SizeClasses::bytes(size_class);
  const bool left_unneeded = bytes > unused_bytes_ && shrink_others(size_class, bytes, spans);
  if (bytes > unused_bytes_) return left_unneeded;
  unused_bytes_ -= bytes;
  stack.capacity += static_cast<std::uint32_t>(blocks);
  return left_unneeded;
}

bool ThreadCache::shrink_others(std::size_t size_class, std::size_t bytes, SpanHeap& spans) noexcept {
  bool left_unneeded = false;
  for (std::size_t tried = 0; tried < SizeClasses::kCount && unused_bytes_ < bytes; ++tried) {
    const std::size_t victim = next_victim_;
    next_victim_ = (next_victim_ + 1) % SizeClasses::kCount;
    Stack& stack = stacks_[victim];
    if (victim == size_class || stack.capacity == 0) continue;
    const std::size_t blocks = std::min<std::size_t>(step(victim), stack.capacity);
    stack.capacity -= static_cast<std::uint32_t>(blocks);
    unused_bytes_ += blocks * SizeClasses::bytes(victim);
    if (stack.count > stack.capacity) {
      left_unneeded |= give_back(victim, stack.count - stack.capacity, spans);
    }
  }
  return left_unneeded;
}

bool ThreadCache::give_back(std::size_t size_class, std::size_t blocks, SpanHeap& spans) noexcept {
  if (blocks == 0) return false;
  Stack& stack = stacks_[size_class];
  const bool left_unneeded = spans.put(size_class, stack.blocks.data(), blocks);
  stack.count -= static_cast<std::uint32_t>(blocks);
  std::memmove(stack.blocks.data(), stack.blocks.data() + blocks, stack.count * sizeof(void*));
  return left_unneeded;
}

}  // namespace onda::memory
