#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "memory/page_heap.h"
#include "memory/poisoned_range.h"
#include "memory/record_pool.h"
#include "memory/size_classes.h"
#include "memory/span.h"

namespace onda::memory {

/// Blocks of the size classes, cut from spans of pages (64 to 256 KB) that are given back when all of their
/// blocks are free; one spare span a class is kept. Blocks are moved in batches: a lock for each class, which
/// is not held while the page heap is asked.
///
/// Safe from any thread.
class SpanHeap {
 public:
  static constexpr std::size_t kLargestBatch = 64;

  /// `pages` outlives it.
  explicit SpanHeap(PageHeap& pages) noexcept : pages_(pages), poisoned_(pages) {}
  SpanHeap(const SpanHeap&) = delete;
  SpanHeap& operator=(const SpanHeap&) = delete;

  /// Takes up to `wanted` blocks (at most `kLargestBatch`); returns how many, 0 where the page heap refuses.
  std::size_t take(std::size_t size_class, void** blocks, std::size_t wanted) noexcept;

  /// Takes back blocks of one class, at most `kLargestBatch`. Returns whether that left memory which nobody
  /// needs: a spare span, or pages in the page heap.
  bool put(std::size_t size_class, void* const* blocks, std::size_t count) noexcept;

  /// The span of a block, found without a lock. Null for what is no block of a size class.
  [[nodiscard]] Span* owner(const void* block) const noexcept {
    return static_cast<Span*>(pages_.find(block).owner);
  }

  /// Gives the spare spans to the page heap; whether there were any.
  bool release_spares() noexcept;

  /// Ends an interval: gives the spare spans that were not used in all of it to the page heap. Returns
  /// whether any are left.
  bool decay() noexcept;

  struct Statistics {
    PageHeapStatistics pages;
    std::uint64_t span_bytes = 0;  ///< of the `live_bytes` of the pages, those of spans
  };
  /// Both are of one moment.
  [[nodiscard]] Statistics statistics() const noexcept {
    const std::scoped_lock lock(records_mutex_);
    return {.pages = pages_.statistics(), .span_bytes = span_bytes_};
  }

 private:
  /// One size class. On a cache line of its own, as each has its lock.
  struct alignas(64) Class {
    std::mutex mutex;
    // Guarded by the mutex.
    SpanList with_free;     // an empty one stands last
    Span* spare = nullptr;  // the empty one among them
    int spare_age = 0;      // intervals that ended while it was there
  };

  [[nodiscard]] Span* make_span(std::size_t size_class) noexcept;
  void release(Span* span) noexcept;
  static std::size_t take_free(Class& from, void** blocks, std::size_t wanted) noexcept;
  static Span* remove_spare(Class& from) noexcept;

  PageHeap& pages_;
  std::array<Class, SizeClasses::kCount> classes_;
  mutable std::mutex records_mutex_;  // before the page heap's own
  // Guarded by records_mutex_.
  RecordPool<Span> records_;
  std::uint64_t span_bytes_ = 0;

  PoisonedRange poisoned_;
};

}  // namespace onda::memory
