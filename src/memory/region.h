#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memory/page_tag.h"
#include "memory/residency.h"

namespace onda::memory {

/// Addresses in one piece that are cut into ranges of pages, with a tag for each page. The records lie in a
/// mapping of their own. Synchronised by the owner, but for what says otherwise.
class Region {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  /// Where a region may begin; so one address suffices to tell the only region that it can belong to.
  static constexpr std::size_t kAlignment = std::size_t{64} << 20;
  /// Addresses at or above are not used.
  static constexpr int kAddressBits = 48;

  struct Shape {
    std::size_t bytes = 0;          ///< a multiple of `granule_bytes`
    std::size_t granule_bytes = 0;  ///< a power of two, at least a page
    bool huge_pages = false;
  };

  /// Pages that follow one another.
  struct PageRun {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  /// Reserves the addresses; one range covers all of it, which is for the caller to tag. False where the
  /// system refuses. Only on a region that is closed.
  [[nodiscard]] bool open(std::size_t index, const Shape& shape) noexcept;
  /// Unmaps everything.
  void close() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return tags_ != nullptr; }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] std::byte* begin() const noexcept { return begin_; }
  [[nodiscard]] std::size_t pages() const noexcept { return pages_; }
  /// The first page that no block may touch; see `make_usable`.
  [[nodiscard]] std::size_t usable_pages() const noexcept { return usable_pages_; }

  [[nodiscard]] std::byte* address_of(std::size_t page) const noexcept { return begin_ + page * kPageBytes; }
  [[nodiscard]] std::size_t page_of(const PageTag& tag) const noexcept {
    return static_cast<std::size_t>(&tag - tags_);
  }
  [[nodiscard]] PageTag& tag(std::size_t page) const noexcept { return tags_[page]; }

  /// The granules that the pages touch.
  [[nodiscard]] Residency::Run granules_around(PageRun pages) const noexcept {
    const std::size_t begin = pages.first >> granule_shift_;
    const std::size_t last = (pages.first + pages.count - 1) >> granule_shift_;
    return {.first = begin, .count = last - begin + 1};
  }
  /// The granules that they fill.
  [[nodiscard]] Residency::Run granules_within(PageRun pages) const noexcept {
    const std::size_t granule_pages = std::size_t{1} << granule_shift_;
    const std::size_t begin = (pages.first + granule_pages - 1) >> granule_shift_;
    const std::size_t end = (pages.first + pages.count) >> granule_shift_;
    return {.first = begin, .count = end > begin ? end - begin : 0};
  }
  [[nodiscard]] Residency& residency() noexcept { return residency_; }
  [[nodiscard]] const Residency& residency() const noexcept { return residency_; }
  /// Gives the memory of idle granules back. False where the system refuses.
  [[nodiscard]] bool give_back(Residency::Run idle) noexcept;

  /// Makes the pages below `end` usable, and some more so that this is rare. False where the system refuses.
  [[nodiscard]] bool make_usable(std::size_t end) noexcept;

  /// Gives the memory of the tags back; for a region without a used range, whose free one is tagged anew.
  void give_back_tags() noexcept;

  /// Whether the address lies in the region. Safe from any thread, also while the region opens or closes.
  [[nodiscard]] bool contains(const void* address) const noexcept;

  /// Whether tags, residency and counts agree; `free_ranges` is raised by the number of free ranges.
  [[nodiscard]] bool is_consistent(std::size_t& free_ranges) const noexcept;

  /// Pages in use; the owner counts them.
  std::size_t used_pages = 0;

 private:
  [[nodiscard]] bool is_tagged_consistently(PageRun range) const noexcept;
  [[nodiscard]] bool is_resting(PageRun range) const noexcept;

  // Where it lies, read without a lock, thus in one word: begin / kAlignment above, pages below. 0: closed.
  static constexpr int kPagesBits = 64 - (kAddressBits - 26);
  static_assert(kAlignment == std::size_t{1} << 26);
  std::atomic<std::uint64_t> place_{0};

  std::byte* begin_ = nullptr;
  std::size_t pages_ = 0;
  std::size_t index_ = 0;
  std::size_t usable_pages_ = 0;
  std::size_t granule_shift_ = 0;  // of pages
  PageTag* tags_ = nullptr;
  std::size_t record_bytes_ = 0;
  Residency residency_;
};

}  // namespace onda::memory
