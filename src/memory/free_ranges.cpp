#include "memory/free_ranges.h"

namespace onda::memory {

void FreeRanges::insert(PageTag& first) noexcept {
  const std::size_t size_class = class_of(first.value());
  PageTag*& head = lists_[size_class];
  first.links.next = head;
  first.links.previous = nullptr;
  if (head != nullptr) head->links.previous = &first;
  head = &first;
  present_[size_class / 64] |= std::uint64_t{1} << (size_class % 64);
}

void FreeRanges::remove(PageTag& first) noexcept {
  PageTag* const next = first.links.next;
  PageTag* const previous = first.links.previous;
  if (next != nullptr) next->links.previous = previous;
  if (previous != nullptr) {
    previous->links.next = next;
    return;
  }
  const std::size_t size_class = class_of(first.value());
  lists_[size_class] = next;
  if (next == nullptr) present_[size_class / 64] &= ~(std::uint64_t{1} << (size_class % 64));
}

PageTag* FreeRanges::best_fit(std::size_t pages) const noexcept {
  // Its own class holds smaller ranges too, the next ones only fits.
  const std::size_t own = class_of(pages);
  if (PageTag* found = best_of(own, pages); found != nullptr) return found;
  const std::size_t larger = next_class(own + 1);
  return larger < kClasses ? best_of(larger, pages) : nullptr;
}

std::size_t FreeRanges::count() const noexcept {
  std::size_t ranges = 0;
  for (const PageTag* range : lists_) {
    for (; range != nullptr; range = range->links.next) ++ranges;
  }
  return ranges;
}

PageTag* FreeRanges::best_of(std::size_t size_class, std::size_t pages) const noexcept {
  constexpr int kSteps = 16;
  PageTag* best = nullptr;
  std::size_t best_pages = 0;
  int steps = 0;
  for (PageTag* range = lists_[size_class]; range != nullptr && steps < kSteps; range = range->links.next) {
    ++steps;
    const std::size_t found = range->value();
    if (found < pages) continue;
    if (best == nullptr || found < best_pages || (found == best_pages && range < best)) {
      best = range;
      best_pages = found;
    }
  }
  return best;
}

std::size_t FreeRanges::next_class(std::size_t size_class) const noexcept {
  std::size_t word = size_class / 64;
  if (word >= kWords) return kClasses;
  std::uint64_t bits = present_[word] & (~std::uint64_t{0} << (size_class % 64));
  while (bits == 0) {
    if (++word == kWords) return kClasses;
    bits = present_[word];
  }
  return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

}  // namespace onda::memory
