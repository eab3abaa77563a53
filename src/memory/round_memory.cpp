#include "memory/round_memory.h"

#include <algorithm>
#include <mutex>

#include "memory/checked.h"

namespace onda::memory {

bool RoundMemory::has_room(std::size_t begin, std::size_t end) const noexcept {
  // One more must not grow the list: that could fail.
  if (live_.size() == live_.capacity()) return false;
  return std::ranges::none_of(live_,
                              [&](const Block& block) { return block.begin < end && begin < block.end; });
}

void* RoundMemory::place(std::size_t offset, std::size_t bytes) noexcept {
  const std::size_t end = offset + bytes;
  if (end > bytes_) return nullptr;
  if (!has_room(offset, end)) {
    // Acquire: what the other thread did with the block comes before what this one does with its memory.
    if (!has_returned_.load(std::memory_order_acquire)) return nullptr;
    const std::scoped_lock lock(*lock_);
    collect_returned();
    if (!has_room(offset, end)) return nullptr;
  }
  live_.push_back({.begin = offset, .end = end});
  return begin_ + offset;
}

void RoundMemory::take_back(const void* block) noexcept {
  if (!forget(static_cast<std::size_t>(static_cast<const std::byte*>(block) - begin_)))
    misuse(block, "given back twice, or not where a block begins");
}

bool RoundMemory::forget(std::size_t begin) noexcept {
  const auto found = std::ranges::find(live_, begin, &Block::begin);
  if (found == live_.end()) return false;
  *found = live_.back();
  live_.pop_back();
  return true;
}

void RoundMemory::collect_returned() noexcept {
  for (const std::size_t begin : returned_) {
    if (!forget(begin)) misuse(begin_ + begin, "given back twice, or not where a block begins");
  }
  returned_.clear();
  has_returned_.store(false, std::memory_order_relaxed);
}

}  // namespace onda::memory
