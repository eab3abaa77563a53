#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "memory/round_plans.h"
#include "onda/recycling_allocator.h"

namespace onda::memory {

class RoundMemories;
class RoundMemory;

/// While one lives, the large blocks that its thread takes from `allocator` are those of one round: a piece
/// of work that is done again and again with the same allocations (the run of a model). The first round with
/// a key is recorded. Later ones get one piece of memory for all of their blocks, as large as what is live at
/// once, and each block its place in it: without a lock, in a few nanoseconds, with nothing lost between
/// blocks. Whatever a round does that its plan does not know is served as if there were no round, so a plan
/// can only be useless, never wrong.
///
/// Stays on one thread, lives on its stack; rounds may be nested. Blocks of a round may be given back on
/// another thread, and after its end. `allocator` and `plans` outlive it.
class AllocationRound {
 public:
  AllocationRound(RecyclingAllocator& allocator, RoundPlans& plans, std::uint64_t key) noexcept;
  AllocationRound(const AllocationRound&) = delete;
  AllocationRound& operator=(const AllocationRound&) = delete;
  ~AllocationRound();

  /// To be called when the work has been done to its end: only then is what was recorded a plan for the next
  /// one.
  void complete() noexcept { is_complete_ = true; }

  // The rest is the allocator's side.

  /// The round of this thread that belongs to `allocator`, null where there is none.
  [[nodiscard]] static AllocationRound* of(const RecyclingAllocator& allocator) noexcept {
    AllocationRound* round = current_;
    return round != nullptr && round->allocator_ == &allocator ? round : nullptr;
  }

  /// The block's place in the round's memory. Null: take it elsewhere, and tell by `took`.
  [[nodiscard]] void* place(std::size_t bytes, std::size_t alignment) noexcept;
  /// A block that was served elsewhere.
  void took(void* block, std::size_t bytes) noexcept;
  /// Before a block is given back. True where its place was in this round's memory: then that is all.
  [[nodiscard]] bool take_back(void* block) noexcept;

  /// For a block that is neither of the calling thread's round nor of the allocator's own: true where it lay
  /// in the memory of another thread's round, or of one that has ended.
  [[nodiscard]] static bool take_back_elsewhere(void* block) noexcept;

 private:
  void record_free(void* block) noexcept;

  static constinit thread_local AllocationRound* current_;

  const RecyclingAllocator* allocator_;
  RoundMemories* memories_;
  RoundPlans* plans_;
  std::uint64_t key_;
  AllocationRound* outer_;
  bool is_complete_ = false;

  bool is_recording_ = false;
  // Blocks that are still live, by their number.
  std::vector<RecordedBlock> recorded_;
  std::vector<std::pair<void*, std::uint32_t>> recorded_live_;
  std::uint32_t time_ = 0;

  // Following the plan.
  RoundMemory* memory_ = nullptr;
  std::size_t next_ = 0;
  bool deviated_ = false;
};

}  // namespace onda::memory
