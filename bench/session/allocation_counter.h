#pragma once

#include <cstddef>

namespace onda::bench {

/// Counts the heap allocations of this thread: this program replaces malloc, calloc, realloc and the aligned
/// forms by ones that count and then call the C library's own, so operator new, ours and everybody's, is
/// counted too. Those within an `Uncounted` are not.
class AllocationCounter {
 public:
  /// Starts at 0.
  AllocationCounter() noexcept;
  [[nodiscard]] std::size_t allocations() const noexcept;

 private:
  std::size_t start_;
};

/// As long as one lives, what this thread allocates is not counted. They nest.
class Uncounted {
 public:
  Uncounted() noexcept;
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;
  ~Uncounted();
};

}  // namespace onda::bench
