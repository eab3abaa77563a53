#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memory/region.h"

namespace onda::memory {

/// All regions of a heap, found by an address without a lock.
class RegionTable {
 public:
  static constexpr std::size_t kCapacity = 256;

  /// Throws std::bad_alloc.
  RegionTable();
  RegionTable(const RegionTable&) = delete;
  RegionTable& operator=(const RegionTable&) = delete;
  /// Closes what is open.
  ~RegionTable();

  /// The region that the address lies in, or null. Safe from any thread at any time.
  [[nodiscard]] Region* find(const void* address) const noexcept;

  /// For the owner's thread alone. Null where the system refuses or the table is full.
  [[nodiscard]] Region* open(const Region::Shape& shape) noexcept;
  void close(Region& region) noexcept;

  [[nodiscard]] Region& at(std::size_t index) noexcept { return regions_[index]; }
  [[nodiscard]] const Region& at(std::size_t index) const noexcept { return regions_[index]; }
  /// No region at or above it is open.
  [[nodiscard]] std::size_t end() const noexcept { return end_; }

 private:
  // For each 64 MB of the address space the number of the region there, plus one; 0 for none. Resident only
  // where it is written.
  using Slot = std::atomic<std::uint16_t>;
  static constexpr std::size_t kSlots = (std::size_t{1} << Region::kAddressBits) / Region::kAlignment;

  void mark(const Region& region, std::uint16_t value) noexcept;

  mutable std::array<Region, kCapacity> regions_{};
  std::size_t end_ = 0;
  Slot* slots_;
};

}  // namespace onda::memory
