#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "memory/checked.h"
#include "memory/size_classes.h"

namespace onda::memory {

/// The record of a range of pages that is cut into blocks of one size class. Which blocks are free stands
/// here, not in the blocks: free memory is never touched. The lock of the class guards it, but for what is
/// said to be constant and for the marks of live blocks.
class Span {
 public:
  static constexpr std::size_t kMostBlocks = 1024;

  Span() = default;
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  /// All blocks are free then. At most `kMostBlocks`.
  void begin_at(void* begin, std::size_t size_class, std::size_t blocks) noexcept {
    begin_ = static_cast<std::byte*>(begin);
    size_class_ = static_cast<std::uint32_t>(size_class);
    blocks_ = static_cast<std::uint32_t>(blocks);
    free_blocks_ = blocks_;
    const std::size_t words = (blocks + 63) / 64;
    for (std::size_t word = 0; word < words; ++word) free_[word] = ~std::uint64_t{0};
    if (blocks % 64 != 0) free_[words - 1] = (std::uint64_t{1} << (blocks % 64)) - 1;
  }

  // Constant while the span is in use: read without the lock.
  [[nodiscard]] std::byte* begin() const noexcept { return begin_; }
  [[nodiscard]] std::size_t size_class() const noexcept { return size_class_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return blocks_ * SizeClasses::bytes(size_class_); }

  [[nodiscard]] bool is_full() const noexcept { return free_blocks_ == 0; }
  [[nodiscard]] bool is_empty() const noexcept { return free_blocks_ == blocks_; }

  /// Takes up to `wanted` free blocks, the lowest ones; returns how many.
  std::size_t take(void** blocks, std::size_t wanted) noexcept {
    std::size_t taken = 0;
    const std::size_t size = SizeClasses::bytes(size_class_);
    for (std::size_t word = 0; taken < wanted && free_blocks_ != 0; ++word) {
      while (free_[word] != 0 && taken < wanted) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(free_[word]));
        free_[word] &= free_[word] - 1;
        --free_blocks_;
        blocks[taken++] = begin_ + (word * 64 + bit) * size;
      }
    }
    return taken;
  }

  /// Takes back a block of this span.
  void put(const void* block) noexcept {
    const std::size_t index = index_of(block);
    free_[index / 64] |= std::uint64_t{1} << (index % 64);
    ++free_blocks_;
  }

  /// Whether the address is that of a block, live or free.
  [[nodiscard]] bool begins_block(const void* address) const noexcept {
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - begin_);
    const std::size_t size = SizeClasses::bytes(size_class_);
    return offset % size == 0 && offset / size < blocks_;
  }

  // Where blocks are checked alone, from any thread: which ones the allocator's user has. Relaxed, as they
  // order nothing; each returns what the mark was.
  bool mark_live(const void* block) noexcept {
    return (mark(block).fetch_or(bit_of(block), std::memory_order_relaxed) & bit_of(block)) != 0;
  }
  bool mark_free(const void* block) noexcept {
    return (mark(block).fetch_and(~bit_of(block), std::memory_order_relaxed) & bit_of(block)) != 0;
  }

 private:
  friend class SpanList;

  [[nodiscard]] std::size_t index_of(const void* block) const noexcept {
    // In 32 bits: the division is the dearest part of giving a block back.
    return static_cast<std::uint32_t>(static_cast<const std::byte*>(block) - begin_) /
           static_cast<std::uint32_t>(SizeClasses::bytes(size_class_));
  }
  [[nodiscard]] std::uint64_t bit_of(const void* block) const noexcept {
    return std::uint64_t{1} << (index_of(block) % 64);
  }
  std::atomic<std::uint64_t>& mark(const void* block) noexcept { return live_[index_of(block) / 64]; }

  std::byte* begin_ = nullptr;
  std::uint32_t size_class_ = 0;
  std::uint32_t blocks_ = 0;
  std::uint32_t free_blocks_ = 0;
  Span* next_ = nullptr;      // both: in the list that it is in
  Span* previous_ = nullptr;  //
  std::array<std::uint64_t, kMostBlocks / 64> free_{};
  std::array<std::atomic<std::uint64_t>, kChecked ? kMostBlocks / 64 : 1> live_{};
};

/// Spans in a row; it owns none. A span is in one list at most.
class SpanList {
 public:
  [[nodiscard]] Span* first() const noexcept { return first_; }

  void push_front(Span& span) noexcept {
    span.previous_ = nullptr;
    span.next_ = first_;
    (first_ == nullptr ? last_ : first_->previous_) = &span;
    first_ = &span;
  }

  void push_back(Span& span) noexcept {
    span.next_ = nullptr;
    span.previous_ = last_;
    (last_ == nullptr ? first_ : last_->next_) = &span;
    last_ = &span;
  }

  void remove(Span& span) noexcept {
    (span.previous_ == nullptr ? first_ : span.previous_->next_) = span.next_;
    (span.next_ == nullptr ? last_ : span.next_->previous_) = span.previous_;
  }

 private:
  Span* first_ = nullptr;
  Span* last_ = nullptr;
};

}  // namespace onda::memory
