#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace onda::memory {

/// What is known of one page, kept outside of it. All zero: the page lies inside a range (or is the last of a
/// used one), and its neighbours know more.
///
/// Of a free range the first and the last page are tagged, so that what is given back finds its neighbours;
/// of a used one the first, or all. When ranges are merged the tags inside are wiped: no page inside a range
/// ever carries a tag of former times.
class PageTag {
 public:
  enum class Kind : std::uint8_t {
    none = 0,
    free_first,    ///< value: pages of the range
    free_last,     ///< value: pages of the range
    used_first,    ///< value: pages of the range; only this page is tagged
    marked_first,  ///< value: pages of the range; all its pages are tagged
    marked_inner,  ///< value: pages between the first one and this
  };

  /// Kind and value are read and written as one, so that `PageHeap::find` may read while other ranges change.
  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(load() & kKindMask); }
  [[nodiscard]] std::size_t value() const noexcept { return load() >> kValueShift; }
  [[nodiscard]] std::size_t region() const noexcept { return (load() >> kRegionShift) & kRegionMask; }

  void set(Kind kind, std::size_t value, std::size_t region) noexcept {
    store(static_cast<std::uint64_t>(kind) | region << kRegionShift | value << kValueShift);
  }
  void clear() noexcept { store(0); }

  /// Of a free range's first page.
  struct FreeLinks {
    PageTag* next;
    PageTag* previous;
  };
  /// Of a used range's first page.
  struct Use {
    std::size_t requested_bytes;
    void* owner;
  };
  union {
    FreeLinks links;
    Use use;
  };

 private:
  static constexpr std::uint64_t kKindMask = 0xFF;
  static constexpr int kRegionShift = 8;
  static constexpr std::uint64_t kRegionMask = 0xFFFF;
  static constexpr int kValueShift = 24;

  // Whoever reads a tag as used sees the `use` that was written before.
  [[nodiscard]] std::uint64_t load() const noexcept {
    return std::atomic_ref(const_cast<std::uint64_t&>(head_)).load(std::memory_order_acquire);
  }
  void store(std::uint64_t head) noexcept { std::atomic_ref(head_).store(head, std::memory_order_release); }

  std::uint64_t head_;
};

// Tags are made by mapping zeros.
static_assert(std::is_trivial_v<PageTag> && sizeof(PageTag) == 24);

}  // namespace onda::memory
