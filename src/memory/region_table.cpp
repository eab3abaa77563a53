#include "memory/region_table.h"

#include <algorithm>
#include <new>

#include "memory/address_space.h"

namespace onda::memory {

RegionTable::RegionTable()
    : slots_(reinterpret_cast<Slot*>(address_space::map_zeros(kSlots * sizeof(Slot)))) {
  if (slots_ == nullptr) throw std::bad_alloc();
}

RegionTable::~RegionTable() {
  for (std::size_t i = 0; i < end_; ++i) {
    if (regions_[i].is_open()) regions_[i].close();
  }
  address_space::release(reinterpret_cast<std::byte*>(slots_), kSlots * sizeof(Slot));
}

Region* RegionTable::find(const void* address) const noexcept {
  const std::size_t slot = reinterpret_cast<std::uintptr_t>(address) / Region::kAlignment;
  if (slot >= kSlots) return nullptr;
  const std::size_t number = slots_[slot].load(std::memory_order_acquire);
  // Where a region ends within the slot, the rest is somebody else's.
  if (number == 0 || !regions_[number - 1].contains(address)) return nullptr;
  return &regions_[number - 1];
}

Region* RegionTable::open(const Region::Shape& shape) noexcept {
  std::size_t index = 0;
  while (index < end_ && regions_[index].is_open()) ++index;
  if (index == kCapacity || !regions_[index].open(index, shape)) return nullptr;
  end_ = std::max(end_, index + 1);
  mark(regions_[index], static_cast<std::uint16_t>(index + 1));
  return &regions_[index];
}

void RegionTable::close(Region& region) noexcept {
  mark(region, 0);
  region.close();
  while (end_ > 0 && !regions_[end_ - 1].is_open()) --end_;
}

void RegionTable::mark(const Region& region, std::uint16_t value) noexcept {
  const std::size_t first = reinterpret_cast<std::uintptr_t>(region.begin()) / Region::kAlignment;
  const std::size_t bytes = region.pages() * Region::kPageBytes;
  const std::size_t count = (bytes + Region::kAlignment - 1) / Region::kAlignment;
  for (std::size_t i = 0; i < count; ++i) slots_[first + i].store(value, std::memory_order_release);
}

}  // namespace onda::memory
