#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "memory/address_space.h"

namespace onda::memory {

/// Records of one type, on pages of their own that are given back with the pool. Not safe from several
/// threads: the caller's lock guards it.
template <class Record>
class RecordPool {
  static_assert(std::is_trivially_destructible_v<Record>, "the pool destroys no records that are still out");

 public:
  RecordPool() = default;
  RecordPool(const RecordPool&) = delete;
  RecordPool& operator=(const RecordPool&) = delete;
  ~RecordPool() {
    while (chunks_ != nullptr) {
      Chunk* chunk = std::exchange(chunks_, chunks_->next);
      address_space::release(reinterpret_cast<std::byte*>(chunk), kChunkBytes);
    }
  }

  /// A record as its default constructor makes it; null where there is no memory.
  [[nodiscard]] Record* make() noexcept {
    static_assert(std::is_nothrow_default_constructible_v<Record>);
    if (free_ == nullptr && !grow()) return nullptr;
    void* place = std::exchange(free_, free_->next);
    return new (place) Record();
  }

  void release(Record* record) noexcept { free_ = new (static_cast<void*>(record)) Place{free_}; }

 private:
  struct Place {
    Place* next;
  };
  struct Chunk {
    Chunk* next;
  };

  static constexpr std::size_t kAlignment = std::max<std::size_t>(alignof(Record), 64);
  static constexpr std::size_t kStride =
      (std::max(sizeof(Record), sizeof(Place)) + kAlignment - 1) / kAlignment * kAlignment;
  /// Room for a header and eight records, and at least 32 KB.
  static constexpr std::size_t kChunkBytes =
      (std::max<std::size_t>(kAlignment + 8 * kStride, std::size_t{32} << 10) + 4095) / 4096 * 4096;

  bool grow() noexcept {
    std::byte* pages = address_space::map_zeros(kChunkBytes);
    if (pages == nullptr) return false;
    chunks_ = new (static_cast<void*>(pages)) Chunk{chunks_};
    for (std::size_t at = kAlignment; at + kStride <= kChunkBytes; at += kStride) {
      free_ = new (static_cast<void*>(pages + at)) Place{free_};
    }
    return true;
  }

  Place* free_ = nullptr;
  Chunk* chunks_ = nullptr;
};

}  // namespace onda::memory
