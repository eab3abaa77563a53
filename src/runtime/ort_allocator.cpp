// What ONNX Runtime 1.29 expects of a registered allocator beyond its headers, found by experiment and held
// by ort_allocator_test.cpp and memory_rules_test.cpp:
// - a null from Alloc for more than 0 bytes ends the process; std::bad_alloc ends the run alone;
// - that exception must be thrown by the C++ library that ONNX Runtime is linked with: where the program has
//   its own linked in (-static-libstdc++ -static-libgcc), one of ours ends the process;
// - what Reserve returns is read and written as AVX-512 vectors: 64-byte aligned, or it crashes;
// - Free gets what either of them gave.
#include "runtime/ort_allocator.h"

#include <cassert>
#include <new>

#include "onda/error.h"
#include "runtime/refusal.h"
#include "runtime/run_memory.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

/// Stands before what `reserve` gives, and keeps its alignment.
struct alignas(Allocator::kAlignment) ReservedHeader {
  static constexpr std::uint64_t kMagic = 0x6f6e64615f727376;

  std::uint64_t magic = kMagic;
  std::size_t bytes = 0;  ///< the header included
};
static_assert(sizeof(ReservedHeader) == Allocator::kAlignment);

}  // namespace

AllocatorAdapter::AllocatorAdapter(const OrtApi& api, std::shared_ptr<RecyclingAllocator> recycling,
                                   ThrowBadAlloc throw_bad_alloc)
    : recycling_(std::move(recycling)), throw_bad_alloc_(throw_bad_alloc) {
  // OrtArenaAllocator is refused at registration.
  OrtMemoryInfo* memory = nullptr;
  check(api, api.CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &memory), "describe host memory");
  memory_info_ = MemoryInfoHandle(memory, {&api});
  table_.version = ORT_API_VERSION;
  table_.Alloc = &allocate;
  table_.Free = &give_back;
  table_.Info = &info;
  table_.Reserve = &reserve;
  table_.self = this;
}

const OrtMemoryInfo* AllocatorAdapter::info(const OrtAllocator* table) noexcept {
  return static_cast<const Table*>(table)->self->memory_info_.get();
}

// The exception of a refusal passes through this function and `refuse`, thrown by another C++ library than
// ours: so neither has anything to clean up, and no handler.
void* AllocatorAdapter::allocate(OrtAllocator* table, std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const AllocatorAdapter& self = self_of(table);
  void* block = self.recycling_->try_allocate(bytes);
  if (block == nullptr) self.refuse(bytes);
  if (RunMemory* run = RunMemory::current()) run->took(block, bytes);
  return block;
}

void AllocatorAdapter::note(std::size_t bytes) const noexcept {
  const AllocatorStatistics statistics = recycling_->statistics();
  note_refusal({bytes, statistics.budget_bytes, statistics.held_bytes});
}

void AllocatorAdapter::refuse(std::size_t bytes) const {
  note(bytes);
  if (throw_bad_alloc_ != nullptr) throw_bad_alloc_();
  throw std::bad_alloc();
}

void AllocatorAdapter::give_back(OrtAllocator* table, void* block) noexcept {
  if (block == nullptr) return;
  AllocatorAdapter& self = self_of(table);
  RunMemory* run = RunMemory::current();
  if (const std::size_t bytes = run == nullptr ? 0 : run->gives_back(block)) {
    self.recycling_->deallocate(block, bytes);
  } else if (self.recycling_->owns(block)) {
    self.recycling_->deallocate(block);
  } else {
    self.release_reserved(block);
  }
}

void* AllocatorAdapter::reserve(OrtAllocator* table, std::size_t bytes) noexcept {
  if (bytes == 0) return nullptr;
  AllocatorAdapter& self = self_of(table);
  const std::size_t whole = bytes + sizeof(ReservedHeader);
  void* block = nullptr;
  try {
    if (whole > bytes) block = system_allocator()->allocate(whole);
  } catch (const Error&) {
    block = nullptr;
  }
  if (block == nullptr) {
    // Null fails the session alone.
    note_refusal({bytes, 0, self.recycling_->statistics().held_bytes});
    return nullptr;
  }
  auto* header = ::new (block) ReservedHeader;
  header->bytes = whole;
  self.reserved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return header + 1;
}

void AllocatorAdapter::release_reserved(void* block) noexcept {
  auto* header = static_cast<ReservedHeader*>(block) - 1;
  const bool is_ours = header->magic == ReservedHeader::kMagic;
  assert(is_ours && "ONNX Runtime gave back a block that is not of its registered allocator");
  if (!is_ours) return;
  header->magic = 0;
  reserved_bytes_.fetch_sub(header->bytes - sizeof(ReservedHeader), std::memory_order_relaxed);
  system_allocator()->deallocate(header, header->bytes);
}

}  // namespace onda::runtime
