#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <new>
#include <string>

#include "onda/allocator.h"
#include "onda/error.h"

namespace onda {
namespace {

[[noreturn]] void refuse(std::size_t bytes) {
  throw Error(ErrorCode::resource_exhausted, "cannot allocate " + std::to_string(bytes) + " bytes of memory");
}

class SystemAllocator final : public Allocator {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) override {
    if (!std::has_single_bit(alignment)) {
      throw Error(ErrorCode::invalid_argument,
                  "alignment " + std::to_string(alignment) + " is not a power of two");
    }
    const std::size_t raised = std::max(alignment, kAlignment);
    constexpr std::size_t kLargest = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
    if (raised > kLargest || bytes > kLargest - raised) refuse(bytes);
    void* block = ::operator new(std::max<std::size_t>(bytes, 1), std::align_val_t{raised}, std::nothrow);
    if (block == nullptr) refuse(bytes);
    count(bytes);
    return block;
  }

  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override {
    if (block == nullptr) return;
    ::operator delete(block, std::align_val_t{std::max(alignment, kAlignment)});
    live_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  AllocatorStatistics statistics() const noexcept override {
    AllocatorStatistics statistics;
    statistics.live_bytes = live_bytes_.load(std::memory_order_relaxed);
    statistics.held_bytes = statistics.live_bytes;
    statistics.peak_bytes = peak_bytes_.load(std::memory_order_relaxed);
    statistics.allocations = allocations_.load(std::memory_order_relaxed);
    return statistics;
  }

 private:
  // Relaxed throughout: the counters order nothing, and each is exact on its own.
  void count(std::size_t bytes) noexcept {
    const std::uint64_t live = live_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::uint64_t peak = peak_bytes_.load(std::memory_order_relaxed);
    while (peak < live && !peak_bytes_.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
    allocations_.fetch_add(1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> live_bytes_{0};
  std::atomic<std::uint64_t> peak_bytes_{0};
  std::atomic<std::uint64_t> allocations_{0};
};

}  // namespace

std::shared_ptr<Allocator> system_allocator() {
  // Never destroyed: tensors in static storage may be made and given back while the process ends.
  static const auto& instance = *new std::shared_ptr<Allocator>(std::make_shared<SystemAllocator>());
  return instance;
}

}  // namespace onda
