#include "memory/round_memories.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "memory/checked.h"
#include "memory/decay_thread.h"
#include "memory/thread_caches.h"

namespace onda::memory {

RoundMemories::RoundMemories(Pages pages, ThreadCaches& caches, DecayThread& decay) noexcept
    : pages_(pages), caches_(caches), decay_(decay) {
  caches_.on_thread_end({.context = this, .give_back = &release_of_ended_thread});
}

RoundMemories::~RoundMemories() {
  caches_.on_thread_end({});
  static_cast<void>(release_idle());
}

RoundMemories::Start RoundMemories::begin(RoundPlans& plans, std::uint64_t key) noexcept {
  ThreadCache* mine = caches_.mine();
  RoundMemory* own = mine != nullptr ? mine->take_idle_round() : nullptr;
  const std::uint64_t version = plans.version();
  if (own != nullptr && own->plans_id_ == plans.id() && own->key_ == key && own->plans_version_ == version) {
    own->used_in_.store(interval_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return {.memory = own};
  }
  const ThreadCache::UnplannedRound unplanned{.plans_id = plans.id(), .plans_version = version, .key = key};
  if (own == nullptr && mine != nullptr && mine->unplanned_round() == unplanned) return {};
  RoundPlans::Task task = plans.begin(key);
  if (!task.plan) {
    if (own != nullptr) release(own);
    if (!task.record && mine != nullptr) mine->unplanned_round() = unplanned;
    return {.record = task.record};
  }
  RoundMemory* memory = obtain(own, *task.plan);
  if (memory == nullptr) return {};
  memory->plan_ = std::move(task.plan);
  memory->plans_id_ = plans.id();
  memory->plans_version_ = version;
  memory->key_ = key;
  memory->used_in_.store(interval_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return {.memory = memory};
}

RoundMemory* RoundMemories::obtain(RoundMemory* own, const RoundPlan& plan) noexcept {
  RoundMemory* memory = own;
  if (memory != nullptr && memory->bytes_ != plan.bytes) {
    release(memory);
    memory = nullptr;
  }
  if (memory == nullptr) memory = take_idle(plan.bytes);
  if (memory == nullptr) {
    static_cast<void>(release_idle());
    memory = make(plan.bytes);
  }
  if (memory != nullptr && !make_room(*memory, plan)) {
    release(memory);
    return nullptr;
  }
  return memory;
}

RoundMemory* RoundMemories::take_idle(std::size_t bytes) noexcept {
  RoundMemory* found = nullptr;
  RoundMemory* unplaced = nullptr;
  caches_.for_each([&](ThreadCache& cache) {
    if (found != nullptr) return;
    RoundMemory* idle = cache.take_idle_round();
    if (idle == nullptr) return;
    if (idle->bytes_ == bytes) {
      found = idle;
    } else if (!cache.put_back_idle_round(idle, kHeadBytes + idle->bytes_)) {
      // Its thread has kept another one meanwhile.
      idle->next_ = std::exchange(unplaced, idle);
    }
  });
  release_all(unplaced);
  return found;
}

RoundMemory* RoundMemories::make(std::size_t bytes) noexcept {
  void* begin = pages_.allocate(pages_.context, kHeadBytes + bytes);
  if (begin == nullptr) return nullptr;
  try {
    const std::scoped_lock lock(lock_);
    listed_.reserve(listed_.size() + 1);
    if (spare_.empty()) spare_.push_back(std::make_unique<RoundMemory>());
    // So that what is listed always finds room among the spare.
    spare_.reserve(listed_.size() + spare_.size() + 1);
    listed_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    RoundMemory& memory = *listed_.back();
    memory.begin_ = static_cast<std::byte*>(begin) + kHeadBytes;
    memory.bytes_ = bytes;
    memory.lock_ = &lock_;
    count_.fetch_add(1, std::memory_order_relaxed);
    return &memory;
  } catch (const std::bad_alloc&) {
    pages_.deallocate(pages_.context, begin);
    return nullptr;
  }
}

bool RoundMemories::make_room(RoundMemory& memory, const RoundPlan& plan) noexcept {
  try {
    memory.live_.reserve(plan.most_live);
    // Each block that is live can come back on another thread once.
    memory.returned_.reserve(memory.live_.capacity());
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void RoundMemories::end(RoundMemory& memory) noexcept {
  if (!memory.live_.empty()) {
    const std::scoped_lock lock(lock_);
    memory.collect_returned();
    if (!memory.live_.empty()) {
      memory.is_orphan_ = true;
      return;
    }
  }
  ThreadCache* mine = caches_.mine();
  RoundMemory* other = mine != nullptr ? mine->keep_idle_round(&memory, kHeadBytes + memory.bytes_) : &memory;
  if (other != nullptr) release(other);
  decay_.need();
}

void RoundMemories::unlist(const RoundMemory& memory) noexcept {
  const auto found = std::ranges::find(listed_, &memory, [](const auto& listed) { return listed.get(); });
  (*found)->begin_ = nullptr;
  (*found)->bytes_ = 0;
  (*found)->plan_ = nullptr;
  (*found)->plans_id_ = 0;
  (*found)->is_orphan_ = false;
  spare_.push_back(std::move(*found));
  if (found != listed_.end() - 1) *found = std::move(listed_.back());
  listed_.pop_back();
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void RoundMemories::release(RoundMemory* memory) noexcept {
  void* begin = memory->begin_ - kHeadBytes;
  {
    const std::scoped_lock lock(lock_);
    unlist(*memory);
  }
  pages_.deallocate(pages_.context, begin);
}

void RoundMemories::release_all(RoundMemory* first) noexcept {
  while (first != nullptr) release(std::exchange(first, first->next_));
}

bool RoundMemories::take_back_elsewhere(const void* block) noexcept {
  void* begin = nullptr;
  {
    const std::scoped_lock lock(lock_);
    const auto found =
        std::ranges::find_if(listed_, [&](const auto& memory) { return memory->contains(block); });
    if (found == listed_.end()) return false;
    RoundMemory& memory = **found;
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(block) - memory.begin_);
    if (!memory.is_orphan_) {
      memory.returned_.push_back(offset);
      memory.has_returned_.store(true, std::memory_order_release);
      return true;
    }
    if (!memory.forget(offset)) misuse(block, "given back twice, or not where a block begins");
    if (!memory.live_.empty()) return true;
    begin = memory.begin_ - kHeadBytes;
    unlist(memory);
  }
  pages_.deallocate(pages_.context, begin);
  return true;
}

bool RoundMemories::decay() noexcept {
  const std::uint64_t interval = interval_.fetch_add(1, std::memory_order_relaxed) + 1;
  bool is_idle_left = false;
  RoundMemory* unused = nullptr;
  caches_.for_each([&](ThreadCache& cache) {
    RoundMemory* idle = cache.take_idle_round();
    if (idle == nullptr) return;
    const bool is_recent = idle->used_in_.load(std::memory_order_relaxed) + 1 >= interval;
    if (is_recent && cache.put_back_idle_round(idle, kHeadBytes + idle->bytes_)) {
      is_idle_left = true;
    } else {
      idle->next_ = std::exchange(unused, idle);
    }
  });
  release_all(unused);
  return is_idle_left;
}

bool RoundMemories::release_idle() noexcept {
  RoundMemory* all = nullptr;
  caches_.for_each([&](ThreadCache& cache) {
    if (RoundMemory* idle = cache.take_idle_round()) idle->next_ = std::exchange(all, idle);
  });
  const bool was_any = all != nullptr;
  release_all(all);
  return was_any;
}

std::uint64_t RoundMemories::idle_bytes() const noexcept {
  std::uint64_t sum = 0;
  caches_.for_each([&](const ThreadCache& cache) { sum += cache.idle_round_bytes(); });
  return sum;
}

void RoundMemories::release_of_ended_thread(void* self, RoundMemory* memory) noexcept {
  static_cast<RoundMemories*>(self)->release(memory);
}

}  // namespace onda::memory
