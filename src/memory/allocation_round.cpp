#include "memory/allocation_round.h"

#include <algorithm>
#include <new>
#include <utility>

#include "memory/round_memories.h"

namespace onda::memory {

constinit thread_local AllocationRound* AllocationRound::current_ = nullptr;

AllocationRound::AllocationRound(RecyclingAllocator& allocator, RoundPlans& plans, std::uint64_t key) noexcept
    : allocator_(&allocator),
      memories_(&allocator.round_memories()),
      plans_(&plans),
      key_(key),
      outer_(current_) {
  const RoundMemories::Start start = memories_->begin(plans, key);
  memory_ = start.memory;
  is_recording_ = start.record;
  current_ = this;
}

AllocationRound::~AllocationRound() {
  current_ = outer_;
  if (memory_ != nullptr) {
    if (deviated_) plans_->deviated(key_, memory_->plan());
    memories_->end(*memory_);
  }
  if (is_recording_ && is_complete_) plans_->add(key_, std::move(recorded_));
}

void* AllocationRound::place(std::size_t bytes, std::size_t alignment) noexcept {
  if (memory_ == nullptr) return nullptr;
  const RoundPlan& plan = memory_->plan();
  if (next_ == plan.blocks.size() || plan.blocks[next_].bytes != bytes) {
    deviated_ = true;
    if (next_ < plan.blocks.size()) ++next_;
    return nullptr;
  }
  const PlannedBlock& block = plan.blocks[next_++];
  if (block.offset == PlannedBlock::kNotPlanned) return nullptr;
  void* place = alignment <= Allocator::kAlignment ? memory_->place(block.offset, bytes) : nullptr;
  if (place == nullptr) deviated_ = true;
  return place;
}

void AllocationRound::took(void* block, std::size_t bytes) noexcept {
  if (!is_recording_) return;
  try {
    recorded_live_.emplace_back(block, static_cast<std::uint32_t>(recorded_.size()));
    recorded_.push_back({.bytes = bytes, .begin = time_++});
    // One more than can be planned says that the round is too long to be.
    if (recorded_.size() > kMostPlannedBlocks) {
      is_recording_ = false;
      plans_->add(key_, std::move(recorded_));
    }
  } catch (const std::bad_alloc&) {
    is_recording_ = false;
  }
}

bool AllocationRound::take_back(void* block) noexcept {
  if (memory_ != nullptr && memory_->contains(block)) {
    memory_->take_back(block);
    return true;
  }
  if (is_recording_) record_free(block);
  return false;
}

void AllocationRound::record_free(void* block) noexcept {
  // From the back: what was taken last is mostly given back first, and few are live at once.
  const auto found = std::find_if(recorded_live_.rbegin(), recorded_live_.rend(),
                                  [&](const auto& live) { return live.first == block; });
  if (found == recorded_live_.rend()) return;
  recorded_[found->second].end = time_++;
  *found = recorded_live_.back();
  recorded_live_.pop_back();
}

}  // namespace onda::memory
