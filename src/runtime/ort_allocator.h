#pragma once

#include <onnxruntime_c_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "onda/recycling_allocator.h"
#include "runtime/handles.h"

namespace onda::runtime {

/// A RecyclingAllocator as ONNX Runtime wants an allocator: what is registered with its environment. It lives
/// as long as every session that uses it and every output that it backs, which means as long as the process.
/// Safe from any thread.
///
/// What a session takes for its life (`Reserve`: packed weights) comes from the system and not from the
/// recycled memory, which would never get a page of it back.
class AllocatorAdapter {
 public:
  /// Ends a call of ONNX Runtime by std::bad_alloc; does not return.
  using ThrowBadAlloc = void (*)();

  /// `throw_bad_alloc` is that of the C++ library that ONNX Runtime is linked with; null: our own. Throws
  /// what describing host memory fails with.
  AllocatorAdapter(const OrtApi& api, std::shared_ptr<RecyclingAllocator> recycling,
                   ThrowBadAlloc throw_bad_alloc);
  AllocatorAdapter(const AllocatorAdapter&) = delete;
  AllocatorAdapter& operator=(const AllocatorAdapter&) = delete;

  /// For `RegisterAllocator`. Valid as long as this object.
  [[nodiscard]] OrtAllocator* handle() noexcept { return &table_; }
  [[nodiscard]] const std::shared_ptr<RecyclingAllocator>& recycling() const noexcept { return recycling_; }
  /// What sessions hold for their lives, outside of the recycled memory.
  [[nodiscard]] std::uint64_t reserved_bytes() const noexcept {
    return reserved_bytes_.load(std::memory_order_relaxed);
  }

 private:
  /// ONNX Runtime's part first, so that its pointer is ours.
  struct Table : OrtAllocator {
    AllocatorAdapter* self = nullptr;
  };
  static AllocatorAdapter& self_of(OrtAllocator* table) noexcept { return *static_cast<Table*>(table)->self; }

  static void* ORT_API_CALL allocate(OrtAllocator* table, std::size_t bytes);
  static void ORT_API_CALL give_back(OrtAllocator* table, void* block) noexcept;
  static void* ORT_API_CALL reserve(OrtAllocator* table, std::size_t bytes) noexcept;
  static const OrtMemoryInfo* ORT_API_CALL info(const OrtAllocator* table) noexcept;

  void note(std::size_t bytes) const noexcept;
  [[noreturn]] void refuse(std::size_t bytes) const;
  void release_reserved(void* block) noexcept;

  Table table_{};
  std::shared_ptr<RecyclingAllocator> recycling_;
  ThrowBadAlloc throw_bad_alloc_;
  MemoryInfoHandle memory_info_;
  std::atomic<std::uint64_t> reserved_bytes_{0};
};

}  // namespace onda::runtime
