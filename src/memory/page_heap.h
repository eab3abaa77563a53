#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace onda::memory {

struct PageHeapOptions {
  /// `held_bytes` never exceeds it. 0: no budget.
  std::uint64_t budget_bytes = 0;
  /// Ask for transparent huge pages and give memory back in steps of 2 MB. Off: the pages are never huge,
  /// also where the system makes all memory so, which would hold more than is counted.
  bool huge_pages = false;
};

/// A range of pages that is in use.
struct Extent {
  void* begin = nullptr;
  std::size_t bytes = 0;            ///< whole pages
  std::size_t requested_bytes = 0;  ///< as given to `allocate`
  void* owner = nullptr;            ///< as given to `allocate`
};

/// How a range is found again by an address in it.
enum class Lookup {
  begin,  ///< by its first byte alone
  page,   ///< by any address in it: costs a mark on every page
};

struct PageHeapStatistics {
  std::uint64_t live_bytes = 0;        ///< requested, in ranges that are in use
  std::uint64_t used_bytes = 0;        ///< the same, in whole pages
  std::uint64_t held_bytes = 0;        ///< pages that may be resident: in use, or free and not yet given back
  std::uint64_t peak_bytes = 0;        ///< the largest `live_bytes`
  std::uint64_t trims = 0;             ///< times that a run of free pages was given back
  std::uint64_t given_back_bytes = 0;  ///< by these
};

/// Ranges of pages, split and coalesced by best fit.
///
/// Address space is reserved in regions (one large one; many small ones where RLIMIT_AS bounds it). Which
/// pages may be resident is known in granules of 64 KB (2 MB with huge pages). Before new pages are taken,
/// free resident ones are given back so that what is held stays within the largest use of the last two
/// intervals (see `decay`) and a slack of 1/32, at least 1 MB.
///
/// Safe from any thread: one lock, held for some tens of nanoseconds, longer where pages are given back (near
/// 30 us a megabyte). Its own records lie outside the pages, so free pages are not touched. Pages that the
/// system does not take back (locked ones) stay held, and nothing more is given back until `decay` or `trim`.
class PageHeap {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  /// Reserves a few addresses and no memory. Throws std::bad_alloc where there are none.
  explicit PageHeap(const PageHeapOptions& options);
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;
  /// Unmaps everything, in use or not.
  ~PageHeap();

  /// At least `bytes` (> 0), aligned to a page and to `alignment` (a power of two, at most 2 MB). Fresh or
  /// reused pages: the content is unspecified. Null where the budget or the system refuses; what is free and
  /// resident is given back before it comes to that.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment, void* owner, Lookup lookup) noexcept;

  /// `begin` is what `allocate` returned. In debug builds anything else ends the process with a message.
  void deallocate(void* begin) noexcept;

  /// The range in use that the address belongs to, as its `Lookup` allows; `begin` is null where there is
  /// none. Takes no lock: right for a range that the caller knows to stay in use.
  [[nodiscard]] Extent find(const void* address) const noexcept;

  /// Whether the address lies in a region of this heap. Takes no lock.
  [[nodiscard]] bool contains(const void* address) const noexcept;

  /// Ends an interval: gives back what is held above the largest use of this interval and the one before, and
  /// the slack; all of it where there was none. Returns whether free pages are still held.
  bool decay() noexcept;

  /// Gives back all free pages; unmaps empty regions where address space is bounded.
  void trim() noexcept;

  [[nodiscard]] PageHeapStatistics statistics() const noexcept;

  /// For tests: whether the records of all pages agree with one another. Looks at every page.
  [[nodiscard]] bool is_consistent() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::memory
