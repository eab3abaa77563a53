#include "memory/round_plans.h"

#include <algorithm>
#include <new>
#include <utility>

namespace onda::memory {

RoundPlans::RoundPlans(std::size_t most_keys) noexcept
    : id_([] {
        static constinit std::atomic<std::uint64_t> last_id{0};
        return last_id.fetch_add(1, std::memory_order_relaxed) + 1;
      }()),
      most_keys_(most_keys) {}

RoundPlans::Task RoundPlans::begin(std::uint64_t key) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end()) {
      make_room();
      found = entries_.try_emplace(key).first;
    }
    Entry& entry = found->second;
    entry.used = ++uses_;
    if (entry.is_left_alone) return {};
    if (entry.plan) return {.plan = entry.plan};
    if (!entry.is_recorded) return {.record = true};
    // Under the lock: the other threads with this key would otherwise plan the same.
    auto plan = std::make_shared<const RoundPlan>(plan_round(entry.recorded));
    entry.recorded = {};
    if (plan->bytes == 0) {
      entry.is_left_alone = true;
      return {};
    }
    entry.plan = std::move(plan);
    return {.plan = entry.plan};
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void RoundPlans::make_room() {
  if (entries_.size() < most_keys_) return;
  const auto oldest =
      std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.used; });
  if (oldest != entries_.end()) entries_.erase(oldest);
}

void RoundPlans::add(std::uint64_t key, std::vector<RecordedBlock> blocks) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.is_recorded) return;
  found->second.recorded = std::move(blocks);
  found->second.is_recorded = true;
}

void RoundPlans::deviated(std::uint64_t key, const RoundPlan& plan) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  // Another thread may have said so of the same plan already.
  if (found == entries_.end() || found->second.plan.get() != &plan) return;
  Entry& entry = found->second;
  entry.plan.reset();
  version_.fetch_add(1, std::memory_order_relaxed);
  entry.is_recorded = false;
  entry.is_left_alone = ++entry.deviations >= kMostDeviations;
}

}  // namespace onda::memory
