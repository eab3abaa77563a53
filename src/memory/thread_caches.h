#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "memory/record_pool.h"
#include "memory/span_heap.h"
#include "memory/thread_cache.h"

namespace onda::memory {

class DecayThread;

/// The caches of one allocator, one for each thread that uses it. A thread that ends gives back what its
/// cache holds; with the allocator all of its caches go, whatever their threads do.
///
/// Eight allocators at a time have caches; further ones work without. So do calls on a thread that is past
/// its end (from the destructors of other libraries' thread data).
///
/// Safe from any thread.
class ThreadCaches {
 public:
  /// Both outlive it.
  ThreadCaches(SpanHeap& spans, DecayThread& decay) noexcept;
  ThreadCaches(const ThreadCaches&) = delete;
  ThreadCaches& operator=(const ThreadCaches&) = delete;
  ~ThreadCaches() { close(); }

  /// Threads that end afterwards leave their caches as they are; those that are about to end are waited for.
  void close() noexcept;

  /// The calling thread's; null where it has none and can have none.
  [[nodiscard]] ThreadCache* mine() noexcept {
    const Slots::Slot& slot = slots_.all[slot_];
    return slot.id == id_ ? slot.cache : attach();
  }

  /// Calls `action` with the cache of each thread, under a lock that it must not need.
  template <class Action>
  void for_each(Action action) const {
    const std::scoped_lock lock(mutex_);
    for (ThreadCache* cache = first_; cache != nullptr; cache = cache->next_) action(*cache);
  }

  /// Who takes the memory of rounds that an ended thread has kept.
  struct EndedRounds {
    void* context = nullptr;
    void (*give_back)(void* context, RoundMemory* memory) noexcept = nullptr;
  };
  void on_thread_end(EndedRounds ended_rounds) noexcept;

  /// Sums the counts of all threads, ended ones included.
  [[nodiscard]] SmallBlockCounts counts() const noexcept;

 private:
  static constexpr std::size_t kSlots = 8;

  /// What a thread knows of allocators. An id is never used twice, so that what a thread has kept of an
  /// allocator which is gone is neither used nor touched.
  struct Slots {
    struct Slot {
      std::uint64_t id = 0;
      ThreadCache* cache = nullptr;
    };
    std::array<Slot, kSlots + 1> all{};  // the last is that of the allocators without caches
    bool ended = false;
  };
  struct Registry;

  ThreadCache* attach() noexcept;
  void retire(ThreadCache& cache) noexcept;
  static void end_of_thread() noexcept;

  static constinit thread_local Slots slots_;
  static Registry registry_;

  SpanHeap& spans_;
  DecayThread& decay_;
  std::uint64_t id_ = 0;
  std::size_t slot_ = kSlots;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  RecordPool<ThreadCache> records_;
  ThreadCache* first_ = nullptr;
  EndedRounds ended_rounds_;
  SmallBlockCounts ended_;  // of threads that have ended
};

}  // namespace onda::memory
