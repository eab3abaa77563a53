#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "memory/page_heap.h"
#include "memory/poison.h"

namespace onda::memory {

/// Where somebody poisons the pages of a heap; unpoisons all of that at its end, before the heap unmaps it.
/// Safe from any thread. Does nothing without the address sanitizer.
class PoisonedRange {
 public:
  explicit PoisonedRange(const PageHeap& pages) noexcept : pages_(pages) {}
  PoisonedRange(const PoisonedRange&) = delete;
  PoisonedRange& operator=(const PoisonedRange&) = delete;
  ~PoisonedRange() {
    if constexpr (kPoisons) unpoison_all();
  }

  /// Poisons whole pages of the heap.
  void poison_pages(const void* begin, std::size_t bytes) noexcept {
    if constexpr (kPoisons) {
      const auto address = reinterpret_cast<std::uintptr_t>(begin);
      std::uintptr_t seen = first_.load();
      while (address < seen && !first_.compare_exchange_weak(seen, address)) {
      }
      seen = end_.load();
      while (address + bytes > seen && !end_.compare_exchange_weak(seen, address + bytes)) {
      }
      poison(begin, bytes);
    }
  }

 private:
  void unpoison_all() const noexcept {
    for (std::uintptr_t at = first_.load(); at < end_.load(); at += PageHeap::kPageBytes) {
      const auto* page = reinterpret_cast<const void*>(at);
      if (pages_.contains(page)) unpoison(page, PageHeap::kPageBytes);
    }
  }

  const PageHeap& pages_;
  std::atomic<std::uintptr_t> first_{std::numeric_limits<std::uintptr_t>::max()};
  std::atomic<std::uintptr_t> end_{0};
};

}  // namespace onda::memory
