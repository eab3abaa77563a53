#include "memory/region.h"

#include <algorithm>
#include <bit>

#include "memory/address_space.h"

namespace onda::memory {
namespace {

constexpr std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

bool Region::open(std::size_t index, const Shape& shape) noexcept {
  const std::size_t pages = shape.bytes / kPageBytes;
  const std::size_t tag_bytes = round_up(pages * sizeof(PageTag), kPageBytes);
  const std::size_t words = Residency::words_for(shape.bytes / shape.granule_bytes);
  const std::size_t record_bytes = tag_bytes + round_up(words * sizeof(Residency::Word), kPageBytes);

  std::byte* begin = address_space::reserve(shape.bytes, kAlignment);
  if (begin == nullptr) return false;
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const bool reachable = (address + shape.bytes - 1) >> kAddressBits == 0;
  std::byte* records = reachable ? address_space::map_zeros(record_bytes) : nullptr;
  if (records == nullptr) {
    address_space::release(begin, shape.bytes);
    return false;
  }
  address_space::advise_huge_pages(begin, shape.bytes, shape.huge_pages);

  begin_ = begin;
  pages_ = pages;
  index_ = index;
  usable_pages_ = 0;
  used_pages = 0;
  granule_shift_ = static_cast<std::size_t>(std::countr_zero(shape.granule_bytes / kPageBytes));
  tags_ = reinterpret_cast<PageTag*>(records);
  record_bytes_ = record_bytes;
  residency_ = Residency(reinterpret_cast<Residency::Word*>(records + tag_bytes));
  place_.store(address / kAlignment << kPagesBits | pages, std::memory_order_release);
  return true;
}

void Region::close() noexcept {
  place_.store(0, std::memory_order_release);
  address_space::release(begin_, pages_ * kPageBytes);
  address_space::release(reinterpret_cast<std::byte*>(tags_), record_bytes_);
  tags_ = nullptr;
}

bool Region::give_back(Residency::Run idle) noexcept {
  const std::size_t first = idle.first << granule_shift_;
  const std::size_t pages = idle.count << granule_shift_;
  if (!address_space::give_back(address_of(first), pages * kPageBytes)) return false;
  residency_.vacate(idle);
  return true;
}

bool Region::make_usable(std::size_t end) noexcept {
  if (end <= usable_pages_) return true;
  constexpr std::size_t kStep = (std::size_t{16} << 20) / kPageBytes;
  for (const std::size_t wanted : {std::min(round_up(end, kStep), pages_), end}) {
    const std::size_t bytes = (wanted - usable_pages_) * kPageBytes;
    if (!address_space::make_usable(address_of(usable_pages_), bytes)) continue;
    usable_pages_ = wanted;
    return true;
  }
  return false;
}

void Region::give_back_tags() noexcept {
  const std::size_t bytes = round_up(pages_ * sizeof(PageTag), kPageBytes);
  // Where the system refuses they stay, and inside the one range all of them are zero as well.
  (void)address_space::give_back(reinterpret_cast<std::byte*>(tags_), bytes);
}

bool Region::is_consistent(std::size_t& free_ranges) const noexcept {
  std::size_t used = 0;
  bool after_free = false;
  for (std::size_t first = 0; first < pages_;) {
    const bool is_free = tags_[first].kind() == PageTag::Kind::free_first;
    const std::size_t pages = tags_[first].value();
    if (pages == 0 || pages > pages_ - first || (is_free && after_free)) return false;
    if (!is_tagged_consistently({.first = first, .count = pages})) return false;
    if (is_free) {
      ++free_ranges;
    } else {
      used += pages;
      if (is_resting({.first = first, .count = pages})) return false;
    }
    after_free = is_free;
    first += pages;
  }
  std::size_t resident = 0;
  std::size_t idle = 0;
  for (std::size_t granule = 0; granule < pages_ >> granule_shift_; ++granule) {
    resident += residency_.is_resident(granule) ? 1 : 0;
    idle += residency_.is_idle(granule) ? 1 : 0;
    if (residency_.is_idle(granule) && !residency_.is_resident(granule)) return false;
  }
  return used == used_pages && resident == residency_.resident() && idle == residency_.idle();
}

// The tags of a range of which the first is right. Inside long ranges only every so many are looked at.
bool Region::is_tagged_consistently(PageRun range) const noexcept {
  const auto [first, pages] = range;
  using Kind = PageTag::Kind;
  const Kind kind = tags_[first].kind();
  if (kind != Kind::free_first && kind != Kind::used_first && kind != Kind::marked_first) return false;
  const std::size_t step = std::max<std::size_t>(pages / 1024, 1);
  for (std::size_t i = 1; i + 1 < pages; i += step) {
    const PageTag& tag = tags_[first + i];
    if (tag.kind() != (kind == Kind::marked_first ? Kind::marked_inner : Kind::none)) return false;
    if (kind == Kind::marked_first && tag.value() != i) return false;
  }
  if (pages == 1) return true;
  const PageTag& last = tags_[first + pages - 1];
  switch (kind) {
    case Kind::free_first:
      return last.kind() == Kind::free_last && last.value() == pages;
    case Kind::marked_first:
      return last.kind() == Kind::marked_inner && last.value() == pages - 1;
    default:
      return last.kind() == Kind::none;
  }
}

// Whether a page that is in use lies in a granule that is not resident, or counts as idle.
bool Region::is_resting(PageRun range) const noexcept {
  const Residency::Run run = granules_around(range);
  for (std::size_t i = run.first; i < run.first + run.count; ++i) {
    if (!residency_.is_resident(i) || residency_.is_idle(i)) return true;
  }
  return false;
}

bool Region::contains(const void* address) const noexcept {
  const std::uint64_t place = place_.load(std::memory_order_acquire);
  const std::uintptr_t begin = (place >> kPagesBits) * kAlignment;
  const std::uint64_t pages = place & ((std::uint64_t{1} << kPagesBits) - 1);
  return reinterpret_cast<std::uintptr_t>(address) - begin < pages * kPageBytes;
}

}  // namespace onda::memory
