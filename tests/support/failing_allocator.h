#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "onda/allocator.h"
#include "onda/error.h"

namespace onda::test {

/// The system's allocator, except that the allocation numbered `fail_at` (from 0) is refused. Safe from any
/// thread.
class FailingAllocator final : public Allocator {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  explicit FailingAllocator(std::uint64_t fail_at = kNever) : fail_at_(fail_at) {}

  void* allocate(std::size_t bytes, std::size_t alignment = kAlignment) override {
    if (calls_.fetch_add(1) == fail_at_)
      throw Error(ErrorCode::resource_exhausted, "this allocation is to fail");
    void* block = system_->allocate(bytes, alignment);
    live_blocks_.fetch_add(1);
    live_bytes_.fetch_add(bytes);
    return block;
  }

  void deallocate(void* block, std::size_t bytes, std::size_t alignment = kAlignment) noexcept override {
    live_blocks_.fetch_sub(1);
    live_bytes_.fetch_sub(bytes);
    system_->deallocate(block, bytes, alignment);
  }

  [[nodiscard]] AllocatorStatistics statistics() const noexcept override {
    AllocatorStatistics statistics;
    statistics.live_bytes = live_bytes_.load();
    statistics.held_bytes = statistics.live_bytes;
    statistics.allocations = calls_.load();
    return statistics;
  }

  /// Calls of `allocate`, the refused one included.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_.load(); }
  [[nodiscard]] std::int64_t live_blocks() const noexcept { return live_blocks_.load(); }

 private:
  std::shared_ptr<Allocator> system_ = system_allocator();
  std::uint64_t fail_at_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::int64_t> live_blocks_{0};
  std::atomic<std::uint64_t> live_bytes_{0};
};

/// Runs `action(allocator)` with the first allocation failing, then the second, … until one run is not
/// refused. Nothing may stay allocated after a refused one. Returns how many runs were refused, -1 where
/// something leaked.
template <class Action>
[[nodiscard]] int refusals_until_success(Action&& action) {
  for (int fail_at = 0;; ++fail_at) {
    auto allocator = std::make_shared<FailingAllocator>(static_cast<std::uint64_t>(fail_at));
    bool refused = false;
    try {
      action(std::shared_ptr<Allocator>(allocator));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::resource_exhausted) throw;
      refused = true;
    }
    if (allocator->live_blocks() != 0) return -1;
    if (!refused) return fail_at;
  }
}

}  // namespace onda::test
