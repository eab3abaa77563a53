#include "memory/span_heap.h"

#include <algorithm>
#include <utility>

#include "memory/poison.h"

namespace onda::memory {
namespace {

constexpr std::size_t kSmallestSpan = std::size_t{64} << 10;

/// A spare span is given back at the second end of an interval: it was not used for a whole one.
constexpr int kIntervalsOfSpare = 2;

/// As many blocks as fill 64 KB, 128 KB from 4 KB a block on, 256 KB from 16 KB on.
constexpr std::size_t blocks_of_span(std::size_t size_class) noexcept {
  const std::size_t bytes = SizeClasses::bytes(size_class);
  const std::size_t factor = bytes > (std::size_t{16} << 10) ? 4 : bytes > (std::size_t{4} << 10) ? 2 : 1;
  return kSmallestSpan * factor / bytes;
}
static_assert(blocks_of_span(0) == Span::kMostBlocks);

}  // namespace

std::size_t SpanHeap::take(std::size_t size_class, void** blocks, std::size_t wanted) noexcept {
  Class& from = classes_[size_class];
  {
    const std::scoped_lock lock(from.mutex);
    const std::size_t taken = take_free(from, blocks, wanted);
    if (taken != 0) return taken;
  }
  Span* span = make_span(size_class);
  if (span == nullptr) return 0;
  const std::scoped_lock lock(from.mutex);
  from.with_free.push_front(*span);
  return take_free(from, blocks, wanted);
}

std::size_t SpanHeap::take_free(Class& from, void** blocks, std::size_t wanted) noexcept {
  std::size_t taken = 0;
  while (taken < wanted) {
    Span* span = from.with_free.first();
    if (span == nullptr) break;
    if (span == from.spare) from.spare = nullptr;
    taken += span->take(blocks + taken, wanted - taken);
    if (span->is_full()) from.with_free.remove(*span);
  }
  return taken;
}

bool SpanHeap::put(std::size_t size_class, void* const* blocks, std::size_t count) noexcept {
  // The blocks are not free yet, so their spans stay: looked up before the lock is taken.
  std::array<Span*, kLargestBatch> owners;
  for (std::size_t i = 0; i < count; ++i) owners[i] = owner(blocks[i]);

  Class& to = classes_[size_class];
  bool has_spare = false;
  SpanList empty;
  {
    const std::scoped_lock lock(to.mutex);
    for (std::size_t i = 0; i < count; ++i) {
      Span& span = *owners[i];
      const bool was_full = span.is_full();
      span.put(blocks[i]);
      if (!span.is_empty()) {
        if (was_full) to.with_free.push_front(span);
        continue;
      }
      if (!was_full) to.with_free.remove(span);
      if (to.spare != nullptr) {
        empty.push_back(span);
      } else {
        to.with_free.push_back(span);
        to.spare = &span;
        to.spare_age = 0;
      }
    }
    has_spare = to.spare != nullptr;
  }
  const bool has_empty = empty.first() != nullptr;
  while (Span* span = empty.first()) {
    empty.remove(*span);
    release(span);
  }
  return has_spare || has_empty;
}

Span* SpanHeap::make_span(std::size_t size_class) noexcept {
  const std::scoped_lock lock(records_mutex_);
  Span* span = records_.make();
  if (span == nullptr) return nullptr;
  std::size_t blocks = blocks_of_span(size_class);
  std::size_t bytes = blocks * SizeClasses::bytes(size_class);
  void* begin = pages_.allocate(bytes, PageHeap::kPageBytes, span, Lookup::page);
  if (begin == nullptr && bytes > kSmallestSpan) {
    // Near the budget a smaller span may still fit.
    blocks = kSmallestSpan / SizeClasses::bytes(size_class);
    bytes = blocks * SizeClasses::bytes(size_class);
    begin = pages_.allocate(bytes, PageHeap::kPageBytes, span, Lookup::page);
  }
  if (begin == nullptr) {
    records_.release(span);
    return nullptr;
  }
  span->begin_at(begin, size_class, blocks);
  span_bytes_ += bytes;
  poisoned_.poison_pages(begin, bytes);
  return span;
}

void SpanHeap::release(Span* span) noexcept {
  unpoison(span->begin(), span->bytes());
  const std::scoped_lock lock(records_mutex_);
  span_bytes_ -= span->bytes();
  pages_.deallocate(span->begin());
  records_.release(span);
}

Span* SpanHeap::remove_spare(Class& from) noexcept {
  Span* span = std::exchange(from.spare, nullptr);
  if (span != nullptr) from.with_free.remove(*span);
  return span;
}

bool SpanHeap::release_spares() noexcept {
  bool released = false;
  for (Class& one : classes_) {
    Span* span = nullptr;
    {
      const std::scoped_lock lock(one.mutex);
      span = remove_spare(one);
    }
    if (span == nullptr) continue;
    release(span);
    released = true;
  }
  return released;
}

bool SpanHeap::decay() noexcept {
  bool left = false;
  for (Class& one : classes_) {
    Span* span = nullptr;
    {
      const std::scoped_lock lock(one.mutex);
      if (one.spare == nullptr) continue;
      if (++one.spare_age >= kIntervalsOfSpare) {
        span = remove_spare(one);
      } else {
        left = true;
      }
    }
    if (span != nullptr) release(span);
  }
  return left;
}

}  // namespace onda::memory
