#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "memory/page_tag.h"

namespace onda::memory {

/// The free ranges of all regions in lists by size: each doubling has 16 classes, and a bit for each class
/// tells whether it is empty, so that a fit is found in a bounded number of steps. Synchronised by the owner.
class FreeRanges {
 public:
  /// `first` is the tag of the range's first page, of kind `free_first`.
  void insert(PageTag& first) noexcept;
  void remove(PageTag& first) noexcept;

  /// The smallest range of at least `pages` pages that a bounded search finds, at most a sixteenth too large
  /// where there is one; the lower address of two. Null where there is none.
  [[nodiscard]] PageTag* best_fit(std::size_t pages) const noexcept;

  /// How many there are; walks the lists.
  [[nodiscard]] std::size_t count() const noexcept;

 private:
  static constexpr std::size_t kClassBits = 4;
  static constexpr std::size_t kClassesPerDoubling = std::size_t{1} << kClassBits;
  // Enough for 2^39 pages.
  static constexpr std::size_t kWords = 10;
  static constexpr std::size_t kClasses = kWords * 64;

  // Ranges of fewer than 32 pages have a class for each size.
  static constexpr std::size_t class_of(std::size_t pages) noexcept {
    if (pages < kClassesPerDoubling) return pages;
    const std::size_t shift = static_cast<std::size_t>(std::bit_width(pages)) - 1 - kClassBits;
    return (shift << kClassBits) + (pages >> shift);
  }

  [[nodiscard]] PageTag* best_of(std::size_t size_class, std::size_t pages) const noexcept;
  [[nodiscard]] std::size_t next_class(std::size_t size_class) const noexcept;

  std::array<std::uint64_t, kWords> present_{};
  std::array<PageTag*, kClasses> lists_{};
};

}  // namespace onda::memory
