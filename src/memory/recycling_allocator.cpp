#include "onda/recycling_allocator.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <string>
#include <utility>

#include "memory/allocation_round.h"
#include "memory/checked.h"
#include "memory/decay_thread.h"
#include "memory/page_heap.h"
#include "memory/poison.h"
#include "memory/poisoned_range.h"
#include "memory/round_memories.h"
#include "memory/size_classes.h"
#include "memory/span.h"
#include "memory/span_heap.h"
#include "memory/thread_cache.h"
#include "memory/thread_caches.h"
#include "onda/error.h"

namespace onda {
namespace {

using memory::SizeClasses;
using std::chrono::steady_clock;

static_assert(RecyclingAllocator::kLargestSmallBlock == SizeClasses::kLargest);
static_assert(Allocator::kAlignment == SizeClasses::kSmallest);

constexpr std::size_t kLargestBlock = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

bool is_valid(std::size_t alignment) noexcept {
  return std::has_single_bit(alignment) && alignment <= RecyclingAllocator::kLargestAlignment;
}

RecyclingOptions checked(RecyclingOptions options) {
  if (options.decay <= std::chrono::nanoseconds::zero()) {
    throw Error(ErrorCode::invalid_argument, "the decay of a recycling allocator is " +
                                                 std::to_string(options.decay.count()) +
                                                 " ns, expected more than 0");
  }
  if (!options.clock) options.clock = [] { return steady_clock::now(); };
  return options;
}

/// What was free at some moment was so for two whole intervals, at most, when it is given back: two to three
/// halves, and a half more for spans.
std::chrono::nanoseconds interval_of(const RecyclingOptions& options) noexcept {
  return std::max(options.decay / 2, std::chrono::nanoseconds(1));
}

}  // namespace

class RecyclingAllocator::Impl {
 public:
  Impl(const RecyclingAllocator& owner, RecyclingOptions options)
      : self_(owner),
        options_(checked(std::move(options))),
        pages_({.budget_bytes = options_.budget_bytes, .huge_pages = options_.huge_pages}),
        spans_(pages_),
        poisoned_(pages_),
        interval_began_(options_.clock()),
        decay_thread_({.enabled = options_.background,
                       .interval = interval_of(options_),
                       .clock = options_.clock,
                       .pass = [](void* self) noexcept { return static_cast<Impl*>(self)->decay(); },
                       .context = this}),
        caches_(spans_, decay_thread_),
        rounds_(
            {.context = this,
             .allocate =
                 [](void* self, std::size_t bytes) noexcept {
                   return static_cast<Impl*>(self)->allocate_pages(bytes, kAlignment);
                 },
             .deallocate = [](void* self,
                              void* begin) noexcept { static_cast<Impl*>(self)->deallocate_large(begin); }},
            caches_, decay_thread_) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // A pass and the end of a thread use everything.
  ~Impl() {
    decay_thread_.stop();
    caches_.close();
  }

  /// Null where it is refused.
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (SizeClasses::holds(bytes, alignment)) [[likely]] {
      return allocate_small(bytes, SizeClasses::of(bytes, alignment));
    }
    return allocate_large(bytes, alignment);
  }

  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept {
    const bool is_small = SizeClasses::holds(bytes, alignment);
    if (!is_small && was_of_a_round(block)) return;
    if constexpr (memory::kChecked) check(block, bytes, alignment);
    if (is_small) [[likely]] {
      deallocate_small(block, SizeClasses::of(bytes, alignment));
    } else {
      deallocate_large(block);
    }
  }

  void deallocate(void* block) noexcept {
    const memory::Span* span = spans_.owner(block);
    if (span == nullptr && was_of_a_round(block)) return;
    if constexpr (memory::kChecked) check_live(block);
    if (span != nullptr) {
      deallocate_small(block, span->size_class());
    } else {
      deallocate_large(block);
    }
  }

  memory::RoundMemories& rounds() noexcept { return rounds_; }

  bool owns(const void* address) const noexcept { return pages_.contains(address); }

  AllocatorStatistics statistics() const noexcept {
    const memory::SmallBlockCounts small = counts();
    const auto [pages, span_bytes] = spans_.statistics();
    // Not of one moment where others allocate, so no difference may be taken for granted.
    const std::uint64_t freed = std::min(small.freed_bytes, small.allocated_bytes);
    AllocatorStatistics statistics;
    const std::uint64_t idle = std::min(rounds_.idle_bytes(), pages.live_bytes - span_bytes);
    statistics.live_bytes = pages.live_bytes - span_bytes - idle + (small.allocated_bytes - freed);
    statistics.held_bytes = pages.held_bytes;
    statistics.peak_bytes = std::max(pages.peak_bytes, statistics.live_bytes);
    statistics.budget_bytes = options_.budget_bytes;
    statistics.allocations = small.allocations + small.large_allocations + small.planned_allocations;
    statistics.cache_misses = small.misses + small.large_allocations;
    statistics.cache_hits =
        statistics.allocations - std::min(statistics.cache_misses, statistics.allocations);
    statistics.trims = pages.trims;
    return statistics;
  }

  void trim() noexcept {
    release_unneeded();
    pages_.trim();
  }

  [[noreturn]] void refuse(std::size_t bytes, std::size_t alignment) const {
    if (!is_valid(alignment)) {
      throw Error(ErrorCode::invalid_argument, "alignment " + std::to_string(alignment) +
                                                   " is not a power of two up to " +
                                                   std::to_string(kLargestAlignment));
    }
    const AllocatorStatistics now = statistics();
    throw Error(ErrorCode::resource_exhausted,
                "cannot allocate " + std::to_string(bytes) +
                    " bytes of memory: " + std::to_string(now.held_bytes) + " bytes are held, " +
                    std::to_string(now.live_bytes) + " of them in use, " +
                    (now.budget_bytes != 0 ? "with a budget of " + std::to_string(now.budget_bytes)
                                           : std::string("and the system has no more to give")));
  }

  memory::DecayThread::Pass decay() noexcept {
    const auto now = options_.clock();
    const std::scoped_lock lock(decay_mutex_);
    if (now - interval_began_ < interval_of(options_)) return {.interval_ended = false, .more = true};
    interval_began_ = now;
    // Rounds and spans first: their pages are the page heap's to give back.
    const bool rounds = rounds_.decay();
    const bool spares = spans_.decay();
    const bool pages = pages_.decay();
    return {.interval_ended = true, .more = rounds || spares || pages};
  }

 private:
  void* allocate_small(std::size_t bytes, std::size_t size_class) noexcept {
    memory::ThreadCache* cache = caches_.mine();
    void* block = cache != nullptr ? cache->take(size_class) : nullptr;
    if (block == nullptr) [[unlikely]] {
      block = allocate_from_spans(cache, size_class);
      if (block == nullptr) return nullptr;
    }
    memory::unpoison(block, bytes);
    if constexpr (memory::kChecked) spans_.owner(block)->mark_live(block);
    return block;
  }

  void deallocate_small(void* block, std::size_t size_class) noexcept {
    memory::poison(block, SizeClasses::bytes(size_class));
    memory::ThreadCache* cache = caches_.mine();
    if (cache == nullptr || !cache->put(size_class, block)) [[unlikely]] {
      deallocate_to_spans(cache, block, size_class);
    }
  }

  void* allocate_large(std::size_t bytes, std::size_t alignment) noexcept {
    memory::AllocationRound* round = memory::AllocationRound::of(self_);
    if (round == nullptr) return allocate_pages(bytes, alignment);
    void* block = round->place(bytes, alignment);
    if (block != nullptr) {
      count(&memory::ThreadCache::count_planned, &memory::SmallBlockCounts::planned_allocations);
      return block;
    }
    block = allocate_pages(bytes, alignment);
    if (block != nullptr) round->took(block, bytes);
    return block;
  }

  /// Before a large block is given back: whether its place was in the memory of a round, and that is all.
  bool was_of_a_round(void* block) noexcept {
    memory::AllocationRound* round = memory::AllocationRound::of(self_);
    if (round != nullptr && round->take_back(block)) return true;
    // A place in a round's memory is never where a range of pages begins.
    return rounds_.is_any() && pages_.find(block).begin != block && rounds_.take_back_elsewhere(block);
  }

  void* allocate_pages(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > kLargestBlock) return nullptr;
    const std::size_t wanted = std::max<std::size_t>(bytes, 1);
    void* block = pages_.allocate(wanted, alignment, nullptr, memory::Lookup::begin);
    if (block == nullptr) [[unlikely]] {
      reclaim();
      block = pages_.allocate(wanted, alignment, nullptr, memory::Lookup::begin);
      if (block == nullptr) return nullptr;
    }
    count(&memory::ThreadCache::count_large, &memory::SmallBlockCounts::large_allocations);
    if constexpr (memory::kPoisons) poison_tail(block, bytes);
    return block;
  }

  void deallocate_large(void* block) noexcept {
    if constexpr (memory::kPoisons) memory::poison(block, pages_.find(block).bytes);
    pages_.deallocate(block);
    decay_thread_.need();
  }

  [[gnu::noinline]] void* allocate_from_spans(memory::ThreadCache* cache, std::size_t size_class) noexcept {
    void* block = refill(cache, size_class);
    if (block == nullptr) {
      reclaim();
      block = refill(cache, size_class);
    }
    if (block != nullptr && cache == nullptr) {
      const std::scoped_lock lock(uncached_mutex_);
      ++uncached_.allocations;
      ++uncached_.misses;
      uncached_.allocated_bytes += SizeClasses::bytes(size_class);
    }
    return block;
  }

  void* refill(memory::ThreadCache* cache, std::size_t size_class) noexcept {
    void* block = nullptr;
    bool left_unneeded = false;
    if (cache != nullptr) {
      block = cache->refill(size_class, spans_, left_unneeded);
    } else {
      static_cast<void>(spans_.take(size_class, &block, 1));
    }
    if (left_unneeded) decay_thread_.need();
    return block;
  }

  [[gnu::noinline]] void deallocate_to_spans(memory::ThreadCache* cache, void* block,
                                             std::size_t size_class) noexcept {
    bool left_unneeded = false;
    if (cache != nullptr) {
      left_unneeded = cache->overflow(size_class, block, spans_);
    } else {
      left_unneeded = spans_.put(size_class, &block, 1);
      const std::scoped_lock lock(uncached_mutex_);
      uncached_.freed_bytes += SizeClasses::bytes(size_class);
    }
    if (left_unneeded) decay_thread_.need();
  }

  /// Gives the page heap what this thread's cache, idle rounds and the spare spans hold.
  void release_unneeded() noexcept {
    // What a pass of the decay has in its hands is waited for.
    const std::scoped_lock lock(decay_mutex_);
    if (memory::ThreadCache* cache = caches_.mine()) cache->flush(spans_);
    rounds_.release_idle();
    spans_.release_spares();
  }

  /// Before the second attempt at what was refused.
  void reclaim() noexcept {
    release_unneeded();
    decay_thread_.need();
  }

  void count(void (memory::ThreadCache::*in_cache)() noexcept,
             std::uint64_t memory::SmallBlockCounts::*uncached) noexcept {
    if (memory::ThreadCache* cache = caches_.mine()) {
      (cache->*in_cache)();
    } else {
      const std::scoped_lock lock(uncached_mutex_);
      ++(uncached_.*uncached);
    }
  }

  memory::SmallBlockCounts counts() const noexcept {
    memory::SmallBlockCounts sum = caches_.counts();
    const std::scoped_lock lock(uncached_mutex_);
    sum += uncached_;
    return sum;
  }

  /// Ends the process where the block is not live, and takes it for free where it is.
  memory::Extent check_live(const void* block) noexcept {
    const memory::Extent extent = pages_.find(block);
    if (extent.begin == nullptr) {
      memory::misuse(block, pages_.contains(block) ? "given back twice, or not where a block begins"
                                                   : "given back, but not of this allocator");
    }
    auto* span = static_cast<memory::Span*>(extent.owner);
    if (span == nullptr) {
      return extent;  // found by its first byte
    }
    if (!span->begins_block(block)) memory::misuse(block, "given back, but not where a block begins");
    if (!span->mark_free(block)) memory::misuse(block, "given back twice");
    return extent;
  }

  void check(const void* block, std::size_t bytes, std::size_t alignment) noexcept {
    const memory::Extent extent = check_live(block);
    const auto* span = static_cast<const memory::Span*>(extent.owner);
    const bool is_small = SizeClasses::holds(bytes, alignment);
    const bool is_right = span != nullptr
                              ? is_small && SizeClasses::of(bytes, alignment) == span->size_class()
                              : !is_small && std::max<std::size_t>(bytes, 1) == extent.requested_bytes;
    if (!is_right)
      memory::misuse(block, "given back with another size or alignment than it was allocated with");
  }

  void poison_tail(void* block, std::size_t bytes) noexcept {
    poisoned_.poison_pages(block, pages_.find(block).bytes);
    memory::unpoison(block, bytes);
  }

  const RecyclingAllocator& self_;
  const RecyclingOptions options_;
  memory::PageHeap pages_;
  memory::SpanHeap spans_;
  memory::PoisonedRange poisoned_;  // by large blocks

  std::mutex decay_mutex_;                   // before all locks of spans and pages
  steady_clock::time_point interval_began_;  // guarded by decay_mutex_

  mutable std::mutex uncached_mutex_;
  memory::SmallBlockCounts uncached_;  // guarded by uncached_mutex_: of threads without a cache

  // Last, and so gone first: these use what stands above.
  memory::DecayThread decay_thread_;
  memory::ThreadCaches caches_;
  memory::RoundMemories rounds_;
};

RecyclingAllocator::RecyclingAllocator(RecyclingOptions options)
    : impl_(std::make_unique<Impl>(*this, std::move(options))) {}

RecyclingAllocator::~RecyclingAllocator() = default;

void* RecyclingAllocator::allocate(std::size_t bytes, std::size_t alignment) {
  void* block = try_allocate(bytes, alignment);
  if (block == nullptr) [[unlikely]]
    impl_->refuse(bytes, alignment);
  return block;
}

void RecyclingAllocator::deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept {
  if (block != nullptr) impl_->deallocate(block, bytes, alignment);
}

void* RecyclingAllocator::try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment != kAlignment && !is_valid(alignment)) [[unlikely]]
    return nullptr;
  return impl_->allocate(bytes, std::max(alignment, kAlignment));
}

void RecyclingAllocator::deallocate(void* block) noexcept {
  if (block != nullptr) impl_->deallocate(block);
}

bool RecyclingAllocator::owns(const void* address) const noexcept { return impl_->owns(address); }

AllocatorStatistics RecyclingAllocator::statistics() const noexcept { return impl_->statistics(); }

void RecyclingAllocator::trim() noexcept { impl_->trim(); }

memory::RoundMemories& RecyclingAllocator::round_memories() noexcept { return impl_->rounds(); }

void RecyclingAllocator::decay() noexcept { impl_->decay(); }

}  // namespace onda
