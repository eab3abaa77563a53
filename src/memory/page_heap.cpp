#include "memory/page_heap.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <optional>

#include "memory/address_space.h"
#include "memory/checked.h"
#include "memory/free_ranges.h"
#include "memory/page_tag.h"
#include "memory/region.h"
#include "memory/region_table.h"

namespace onda::memory {
namespace {

using Kind = PageTag::Kind;
using PageRun = Region::PageRun;

constexpr std::size_t kPageBytes = PageHeap::kPageBytes;
static_assert(kPageBytes == Region::kPageBytes);
constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::size_t kGranule = 64 * 1024;
constexpr std::size_t kHugeGranule = 2 * kMegabyte;
constexpr std::size_t kLargestAlignment = 2 * kMegabyte;
// Half of what a region may have; sums with it do not overflow.
constexpr std::size_t kLargestBlock = std::size_t{1} << (Region::kAddressBits - 1);
// Where address space is plenty; and where it is not, so that an empty one can go back.
constexpr std::size_t kLargeRegion = std::size_t{64} << 30;
constexpr std::size_t kSmallRegion = 64 * kMegabyte;
// What may be held above the use of late, as a share of it.
constexpr std::uint64_t kSlackShare = 32;

constexpr std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

// Written under the lock, read without.
class Counter {
 public:
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::uint64_t value) noexcept { set(get() + value); }
  void subtract(std::uint64_t value) noexcept { set(get() - value); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace

class PageHeap::Impl {
 public:
  explicit Impl(const PageHeapOptions& options)
      : budget_(options.budget_bytes != 0 ? options.budget_bytes : std::numeric_limits<std::uint64_t>::max()),
        huge_pages_(options.huge_pages),
        granule_(options.huge_pages ? kHugeGranule : kGranule),
        least_slack_(std::max(kMegabyte, granule_)) {}

  void* allocate(std::size_t bytes, std::size_t alignment, void* owner, Lookup lookup) noexcept;
  void deallocate(void* begin) noexcept;
  Extent find(const void* address) const noexcept;
  bool contains(const void* address) const noexcept { return table_.find(address) != nullptr; }
  bool decay() noexcept;
  void trim() noexcept;
  PageHeapStatistics statistics() const noexcept;
  bool is_consistent() const noexcept;

 private:
  struct Carved {
    Region* region;  // null: none
    std::size_t first;
  };

  // Between these pages are neither in a free range nor tagged.
  Carved carve(std::size_t pages, std::size_t alignment_pages) noexcept;
  bool admit(Region& region, PageRun block) noexcept;
  void put_back(Region& region, PageRun block) noexcept;

  bool make_usable(Region& region, std::size_t end) noexcept;
  void add_free(Region& region, PageRun range) noexcept;

  bool grow(std::size_t bytes) noexcept;
  bool open_region(std::size_t bytes) noexcept;
  void close_empty_regions(bool resident_ones_too) noexcept;

  std::uint64_t limit(std::uint64_t use) const noexcept;
  void give_back(std::uint64_t bytes) noexcept;
  void give_back_down_to(std::uint64_t limit) noexcept {
    if (held_.get() > limit) give_back(held_.get() - limit);
  }

  const std::uint64_t budget_;
  const bool huge_pages_;
  const std::size_t granule_;
  const std::size_t least_slack_;

  mutable std::mutex mutex_;
  RegionTable table_;  // read without the lock
  FreeRanges free_;
  std::uint64_t peak_use_ = 0;           // of this interval
  std::uint64_t previous_peak_use_ = 0;  // of the one before
  bool bounded_ = false;                 // address space is, as far as was seen
  bool refused_ = false;  // the system kept pages that were given back; not asked again at once

  Counter live_;
  Counter used_;
  Counter held_;
  Counter peak_live_;
  Counter trims_;
  Counter given_back_;
};

void* PageHeap::Impl::allocate(std::size_t bytes, std::size_t alignment, void* owner,
                               Lookup lookup) noexcept {
  if (bytes > kLargestBlock || alignment > kLargestAlignment) return nullptr;
  const std::size_t pages = std::max<std::size_t>((bytes + kPageBytes - 1) / kPageBytes, 1);
  const std::size_t alignment_pages = std::max<std::size_t>(alignment / kPageBytes, 1);

  const std::scoped_lock lock(mutex_);
  // Before anything is given back in vain.
  if (used_.get() + pages * kPageBytes > budget_) return nullptr;
  const Carved carved = carve(pages, alignment_pages);
  if (carved.region == nullptr) return nullptr;
  Region& region = *carved.region;
  const PageRun block{.first = carved.first, .count = pages};
  if (!admit(region, block)) {
    put_back(region, block);
    return nullptr;
  }

  PageTag& first = region.tag(block.first);
  first.use = {.requested_bytes = bytes, .owner = owner};
  if (lookup == Lookup::page) {
    for (std::size_t i = 1; i < pages; ++i) {
      region.tag(block.first + i).set(Kind::marked_inner, i, region.index());
    }
    first.set(Kind::marked_first, pages, region.index());
  } else {
    first.set(Kind::used_first, pages, region.index());
  }
  region.used_pages += pages;
  used_.add(pages * kPageBytes);
  peak_use_ = std::max(peak_use_, used_.get());
  live_.add(bytes);
  if (live_.get() > peak_live_.get()) peak_live_.set(live_.get());
  return region.address_of(block.first);
}

void PageHeap::Impl::deallocate(void* begin) noexcept {
  if (begin == nullptr) return;
  Region* region = table_.find(begin);
  if (region == nullptr) return misuse(begin, "given back, but not of this allocator");
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(begin) - region->begin());
  const std::size_t page = offset / kPageBytes;
  PageTag& first = region->tag(page);

  const std::scoped_lock lock(mutex_);
  const Kind kind = first.kind();
  if (offset % kPageBytes != 0 || (kind != Kind::used_first && kind != Kind::marked_first)) {
    return misuse(begin, "given back twice, or not where a block begins");
  }
  const std::size_t pages = first.value();
  live_.subtract(first.use.requested_bytes);
  used_.subtract(pages * kPageBytes);
  region->used_pages -= pages;
  const std::size_t tagged = kind == Kind::marked_first ? pages : 1;
  for (std::size_t i = 0; i < tagged; ++i) region->tag(page + i).clear();
  put_back(*region, {.first = page, .count = pages});
}

// Takes pages out of the free ranges.
PageHeap::Impl::Carved PageHeap::Impl::carve(std::size_t pages, std::size_t alignment_pages) noexcept {
  const std::size_t searched = pages + alignment_pages - 1;
  PageTag* found = free_.best_fit(searched);
  if (found == nullptr) {
    if (!grow(searched * kPageBytes)) return {};
    found = free_.best_fit(searched);
    if (found == nullptr) return {};
  }
  free_.remove(*found);
  Region& region = table_.at(found->region());
  const std::size_t begin = region.page_of(*found);
  const std::size_t end = begin + found->value();
  region.tag(end - 1).clear();
  region.tag(begin).clear();
  // A region begins at a multiple of every alignment.
  const std::size_t first = round_up(begin, alignment_pages);
  if (first > begin) add_free(region, {.first = begin, .count = first - begin});
  if (end > first + pages) add_free(region, {.first = first + pages, .count = end - first - pages});
  return {.region = &region, .first = first};
}

// Takes account of a block, and makes room for it. False where budget or system refuse.
bool PageHeap::Impl::admit(Region& region, PageRun block) noexcept {
  const Residency::Run granules = region.granules_around(block);
  const std::uint64_t added = region.residency().take(granules) * granule_;
  const std::size_t end = block.first + block.count;
  if (added == 0 && end <= region.usable_pages()) return true;
  const std::uint64_t allowed = limit(used_.get() + block.count * kPageBytes);
  if (held_.get() + added > allowed) {
    give_back(held_.get() + added - allowed);
    if (held_.get() + added > budget_) return false;
  }
  if (!make_usable(region, end)) return false;
  region.residency().occupy(granules);
  held_.add(added);
  return true;
}

bool PageHeap::Impl::make_usable(Region& region, std::size_t end) noexcept {
  if (region.make_usable(end)) return true;
  give_back(std::numeric_limits<std::uint64_t>::max());
  return region.make_usable(end);
}

// Back into the free ranges, merged with the neighbours.
void PageHeap::Impl::put_back(Region& region, PageRun block) noexcept {
  PageRun range = block;
  if (const std::size_t end = block.first + block.count; end < region.pages()) {
    PageTag& next = region.tag(end);
    if (next.kind() == Kind::free_first) {
      free_.remove(next);
      range.count += next.value();
      next.clear();
    }
  }
  if (block.first > 0) {
    PageTag& last = region.tag(block.first - 1);
    const Kind kind = last.kind();
    if (kind == Kind::free_last || kind == Kind::free_first) {
      const std::size_t pages = last.value();
      range.first -= pages;
      range.count += pages;
      free_.remove(region.tag(range.first));
      // After that: the last page may be the first, too.
      last.clear();
    }
  }
  add_free(region, range);

  // The granules of the block that no other block has a part of.
  const Residency::Run touched = region.granules_around(block);
  const Residency::Run whole = region.granules_within(range);
  const std::size_t begin = std::max(touched.first, whole.first);
  const std::size_t end = std::min(touched.first + touched.count, whole.first + whole.count);
  if (begin < end) region.residency().rest({.first = begin, .count = end - begin});
}

void PageHeap::Impl::add_free(Region& region, PageRun range) noexcept {
  region.tag(range.first + range.count - 1).set(Kind::free_last, range.count, region.index());
  PageTag& first = region.tag(range.first);
  first.set(Kind::free_first, range.count, region.index());
  free_.insert(first);
}

// Reserves addresses for a block.
bool PageHeap::Impl::grow(std::size_t bytes) noexcept {
  const std::optional<std::uint64_t> bound = address_space::bound();
  bounded_ = bound.has_value();
  const std::size_t needed = round_up(bytes, std::max(granule_, kHugeGranule));
  if (!bounded_) {
    for (std::size_t size = kLargeRegion; size > needed; size /= 2) {
      if (open_region(size)) return true;
    }
    return open_region(needed);
  }
  // The table has room for twice the bound.
  const std::size_t usual =
      std::min(kLargeRegion, round_up(*bound / (RegionTable::kCapacity / 2) + 1, kSmallRegion));
  for (std::size_t size = usual; size > needed; size = size > kSmallRegion ? size / 2 : 0) {
    if (open_region(round_up(size, kHugeGranule))) return true;
  }
  if (open_region(needed)) return true;
  close_empty_regions(true);
  return open_region(needed);
}

bool PageHeap::Impl::open_region(std::size_t bytes) noexcept {
  Region* region = table_.open({.bytes = bytes, .granule_bytes = granule_, .huge_pages = huge_pages_});
  if (region == nullptr) return false;
  add_free(*region, {.first = 0, .count = region->pages()});
  return true;
}

void PageHeap::Impl::close_empty_regions(bool resident_ones_too) noexcept {
  for (std::size_t i = table_.end(); i-- > 0;) {
    Region& region = table_.at(i);
    if (!region.is_open() || region.used_pages > 0) continue;
    const std::uint64_t held = region.residency().resident() * granule_;
    if (held > 0 && !resident_ones_too) continue;
    if (held > 0) {
      held_.subtract(held);
      given_back_.add(held);
      trims_.add(1);
    }
    free_.remove(region.tag(0));
    table_.close(region);
  }
}

// What may be held when `use` bytes are used.
std::uint64_t PageHeap::Impl::limit(std::uint64_t use) const noexcept {
  const std::uint64_t most = std::max({use, peak_use_, previous_peak_use_});
  if (most == 0) return 0;
  return std::min(most + std::max<std::uint64_t>(most / kSlackShare, least_slack_), budget_);
}

// Gives idle granules back, as many as hold `bytes`, or all.
void PageHeap::Impl::give_back(std::uint64_t bytes) noexcept {
  if (refused_) return;
  std::uint64_t wanted = bytes / granule_ + (bytes % granule_ != 0 ? 1 : 0);
  for (std::size_t i = table_.end(); i-- > 0 && wanted > 0;) {
    Region& region = table_.at(i);
    if (!region.is_open()) continue;
    while (wanted > 0 && region.residency().idle() > 0) {
      const Residency::Run run = region.residency().highest_idle(wanted);
      if (!region.give_back(run)) {
        refused_ = true;
        return;
      }
      wanted -= run.count;
      held_.subtract(run.count * granule_);
      given_back_.add(run.count * granule_);
      trims_.add(1);
    }
  }
}

bool PageHeap::Impl::decay() noexcept {
  const std::scoped_lock lock(mutex_);
  refused_ = false;
  give_back_down_to(limit(0));
  previous_peak_use_ = peak_use_;
  peak_use_ = used_.get();
  if (bounded_) close_empty_regions(false);
  for (std::size_t i = 0; i < table_.end(); ++i) {
    if (table_.at(i).is_open() && table_.at(i).residency().idle() > 0) return true;
  }
  return false;
}

void PageHeap::Impl::trim() noexcept {
  const std::scoped_lock lock(mutex_);
  refused_ = false;
  give_back(std::numeric_limits<std::uint64_t>::max());
  if (bounded_) close_empty_regions(false);
  for (std::size_t i = 0; i < table_.end(); ++i) {
    Region& region = table_.at(i);
    if (!region.is_open() || region.used_pages > 0) continue;
    free_.remove(region.tag(0));
    region.give_back_tags();
    add_free(region, {.first = 0, .count = region.pages()});
  }
}

Extent PageHeap::Impl::find(const void* address) const noexcept {
  const Region* region = table_.find(address);
  if (region == nullptr) return {};
  const std::size_t page =
      static_cast<std::size_t>(static_cast<const std::byte*>(address) - region->begin()) / kPageBytes;
  const PageTag* tag = &region->tag(page);
  if (tag->kind() == Kind::marked_inner) tag -= tag->value();
  const Kind kind = tag->kind();
  const bool begins = kind == Kind::used_first && address == region->address_of(page);
  if (!begins && kind != Kind::marked_first) return {};
  return {.begin = region->address_of(region->page_of(*tag)),
          .bytes = tag->value() * kPageBytes,
          .requested_bytes = tag->use.requested_bytes,
          .owner = tag->use.owner};
}

PageHeapStatistics PageHeap::Impl::statistics() const noexcept {
  return {.live_bytes = live_.get(),
          .used_bytes = used_.get(),
          .held_bytes = held_.get(),
          .peak_bytes = peak_live_.get(),
          .trims = trims_.get(),
          .given_back_bytes = given_back_.get()};
}

bool PageHeap::Impl::is_consistent() const noexcept {
  const std::scoped_lock lock(mutex_);
  std::size_t free_ranges = 0;
  std::uint64_t used = 0;
  std::uint64_t held = 0;
  for (std::size_t i = 0; i < table_.end(); ++i) {
    const Region& region = table_.at(i);
    if (!region.is_open()) continue;
    if (!region.is_consistent(free_ranges)) return false;
    used += region.used_pages * kPageBytes;
    held += region.residency().resident() * granule_;
  }
  return free_ranges == free_.count() && used == used_.get() && held == held_.get();
}

PageHeap::PageHeap(const PageHeapOptions& options) : impl_(std::make_unique<Impl>(options)) {}

PageHeap::~PageHeap() = default;

void* PageHeap::allocate(std::size_t bytes, std::size_t alignment, void* owner, Lookup lookup) noexcept {
  return impl_->allocate(bytes, alignment, owner, lookup);
}

void PageHeap::deallocate(void* begin) noexcept { impl_->deallocate(begin); }

Extent PageHeap::find(const void* address) const noexcept { return impl_->find(address); }

bool PageHeap::contains(const void* address) const noexcept { return impl_->contains(address); }

bool PageHeap::decay() noexcept { return impl_->decay(); }

void PageHeap::trim() noexcept { impl_->trim(); }

PageHeapStatistics PageHeap::statistics() const noexcept { return impl_->statistics(); }

bool PageHeap::is_consistent() const noexcept { return impl_->is_consistent(); }

}  // namespace onda::memory
