#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <mutex>
#include "memory/round_memory.h"
#include "memory/round_plans.h"

namespace onda::memory {

class DecayThread;
class ThreadCaches;

/// The pieces of memory that serve the rounds of one allocator. A thread keeps the piece of its last round
/// for the next, so that rounds which are repeated share nothing with other threads. A thread without one
/// takes an idle one of the same size from another, so there are as many as rounds are under way at once;
/// before a piece of another size is made, all idle ones are given back.
///
/// Safe from any thread.
class RoundMemories {
 public:
  /// Where pieces come from and go to.
  struct Pages {
    void* context = nullptr;
    void* (*allocate)(void* context, std::size_t bytes) noexcept = nullptr;  ///< null: refused
    void (*deallocate)(void* context, void* begin) noexcept = nullptr;
  };

  /// All outlive it.
  RoundMemories(Pages pages, ThreadCaches& caches, DecayThread& decay) noexcept;
  RoundMemories(const RoundMemories&) = delete;
  RoundMemories& operator=(const RoundMemories&) = delete;
  /// No round is under way, and no block of one is live.
  ~RoundMemories();

  /// How a round begins: with memory and the plan that it follows; or without, and then perhaps to be
  /// recorded.
  struct Start {
    RoundMemory* memory = nullptr;
    bool record = false;
  };
  [[nodiscard]] Start begin(RoundPlans& plans, std::uint64_t key) noexcept;
  /// Blocks that are still live keep the piece for themselves.
  void end(RoundMemory& memory) noexcept;

  /// Whether there is any piece: false is certain where the caller's block was of none.
  [[nodiscard]] bool is_any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }
  /// True where the block lay in a piece; it is given back then.
  [[nodiscard]] bool take_back_elsewhere(const void* block) noexcept;

  /// Gives idle pieces back that were not used since the last call but one; whether there still are idle
  /// ones.
  bool decay() noexcept;
  /// Gives all idle pieces back; whether there were any.
  bool release_idle() noexcept;
  [[nodiscard]] std::uint64_t idle_bytes() const noexcept;

 private:
  /// In front of the first block; a page, so that blocks are aligned as they would be without it.
  static constexpr std::size_t kHeadBytes = 4096;

  RoundMemory* obtain(RoundMemory* own, const RoundPlan& plan) noexcept;
  RoundMemory* take_idle(std::size_t bytes) noexcept;
  RoundMemory* make(std::size_t bytes) noexcept;
  [[nodiscard]] static bool make_room(RoundMemory& memory, const RoundPlan& plan) noexcept;
  void release(RoundMemory* memory) noexcept;
  void release_all(RoundMemory* first) noexcept;
  void unlist(const RoundMemory& memory) noexcept;
  static void release_of_ended_thread(void* self, RoundMemory* memory) noexcept;

  const Pages pages_;
  ThreadCaches& caches_;
  DecayThread& decay_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> interval_{0};
  std::mutex lock_;
  // Guarded by lock_. The spare ones have no memory; their lists keep their room, so that rounds whose sizes
  // vary make no heap allocation.
  std::vector<std::unique_ptr<RoundMemory>> listed_;
  std::vector<std::unique_ptr<RoundMemory>> spare_;
};

}  // namespace onda::memory
