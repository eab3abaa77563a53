#include "bench/session/allocation_counter.h"

#include <cerrno>

// The C library's own functions, behind the names that are replaced here.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace onda::bench {
namespace {

thread_local std::size_t counted = 0;
thread_local int uncounted_depth = 0;

void count() noexcept {
  if (uncounted_depth == 0) ++counted;
}

}  // namespace

AllocationCounter::AllocationCounter() noexcept : start_(counted) {}
std::size_t AllocationCounter::allocations() const noexcept { return counted - start_; }
Uncounted::Uncounted() noexcept { ++uncounted_depth; }
Uncounted::~Uncounted() { --uncounted_depth; }

}  // namespace onda::bench

// Visible, so that ONNX Runtime's library and the C++ library call them as well.
#define ONDA_REPLACES_LIBC extern "C" __attribute__((visibility("default")))

ONDA_REPLACES_LIBC void* malloc(std::size_t bytes) {
  onda::bench::count();
  return __libc_malloc(bytes);
}
ONDA_REPLACES_LIBC void* calloc(std::size_t count, std::size_t bytes) {
  onda::bench::count();
  return __libc_calloc(count, bytes);
}
ONDA_REPLACES_LIBC void* realloc(void* block, std::size_t bytes) {
  onda::bench::count();
  return __libc_realloc(block, bytes);
}
ONDA_REPLACES_LIBC void* memalign(std::size_t alignment, std::size_t bytes) {
  onda::bench::count();
  return __libc_memalign(alignment, bytes);
}
ONDA_REPLACES_LIBC void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  onda::bench::count();
  return __libc_memalign(alignment, bytes);
}
ONDA_REPLACES_LIBC int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  onda::bench::count();
  void* made = __libc_memalign(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}
