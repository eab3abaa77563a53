#include "memory/thread_caches.h"

#include <utility>

#include "memory/decay_thread.h"
#include "memory/thread_end.h"

namespace onda::memory {

/// The allocators that are alive, by their slots. Its lock comes before all others of an allocator: a thread
/// that ends holds it while it gives back, so that no allocator goes meanwhile.
struct ThreadCaches::Registry {
  std::mutex mutex;
  // Guarded by the mutex.
  std::array<ThreadCaches*, kSlots> alive{};
  std::uint64_t last_id = 0;
};

constinit thread_local ThreadCaches::Slots ThreadCaches::slots_;
constinit ThreadCaches::Registry ThreadCaches::registry_;

ThreadCaches::ThreadCaches(SpanHeap& spans, DecayThread& decay) noexcept : spans_(spans), decay_(decay) {
  const std::scoped_lock lock(registry_.mutex);
  id_ = ++registry_.last_id;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (registry_.alive[slot] != nullptr) continue;
    registry_.alive[slot] = this;
    slot_ = slot;
    break;
  }
}

void ThreadCaches::close() noexcept {
  if (slot_ == kSlots) return;
  const std::scoped_lock lock(registry_.mutex);
  // A second time it is somebody else's.
  if (registry_.alive[slot_] == this) registry_.alive[slot_] = nullptr;
}

ThreadCache* ThreadCaches::attach() noexcept {
  if (slot_ == kSlots || slots_.ended || !call_at_thread_end(end_of_thread)) return nullptr;
  const std::scoped_lock lock(mutex_);
  ThreadCache* cache = records_.make();
  if (cache == nullptr) return nullptr;
  cache->next_ = first_;
  if (first_ != nullptr) first_->previous_ = cache;
  first_ = cache;
  slots_.all[slot_] = {id_, cache};
  return cache;
}

void ThreadCaches::end_of_thread() noexcept {
  slots_.ended = true;
  const std::scoped_lock lock(registry_.mutex);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const Slots::Slot mine = std::exchange(slots_.all[slot], {});
    ThreadCaches* caches = registry_.alive[slot];
    if (caches != nullptr && caches->id_ == mine.id) caches->retire(*mine.cache);
  }
}

void ThreadCaches::on_thread_end(EndedRounds ended_rounds) noexcept {
  const std::scoped_lock lock(mutex_);
  ended_rounds_ = ended_rounds;
}

void ThreadCaches::retire(ThreadCache& cache) noexcept {
  const bool left_unneeded = cache.flush(spans_);
  EndedRounds ended_rounds;
  RoundMemory* idle_round = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    ended_rounds = ended_rounds_;
    idle_round = cache.take_idle_round();
    ended_ += cache.counts();
    (cache.previous_ == nullptr ? first_ : cache.previous_->next_) = cache.next_;
    if (cache.next_ != nullptr) cache.next_->previous_ = cache.previous_;
    records_.release(&cache);
  }
  if (idle_round != nullptr && ended_rounds.give_back != nullptr)
    ended_rounds.give_back(ended_rounds.context, idle_round);
  if (left_unneeded) decay_.need();
}

SmallBlockCounts ThreadCaches::counts() const noexcept {
  const std::scoped_lock lock(mutex_);
  SmallBlockCounts sum = ended_;
  for (const ThreadCache* cache = first_; cache != nullptr; cache = cache->next_) sum += cache->counts();
  return sum;
}

}  // namespace onda::memory
