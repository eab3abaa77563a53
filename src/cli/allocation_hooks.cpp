// Replaces operator new and delete of the program (not of the library) by ones that count, which is how `onda
// bench` tells allocations per run. The other forms of operator new call these by the standard
// ([new.delete]).
#include <cstdlib>
#include <new>

#include "cli/allocation_count.h"

namespace {

void* allocate(std::size_t bytes) noexcept {
  onda::cli::AllocationCount::note_call();
  // Two blocks are told apart by their addresses, also of no bytes.
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) noexcept {
  onda::cli::AllocationCount::note_call();
  const auto step = static_cast<std::size_t>(alignment);
  // aligned_alloc takes whole multiples of the alignment.
  const std::size_t rounded = (bytes + step - 1) / step * step;
  if (rounded < bytes) return nullptr;
  return std::aligned_alloc(step, rounded == 0 ? step : rounded);
}

}  // namespace

void* operator new(std::size_t bytes) {
  void* block = allocate(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* block = allocate_aligned(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
