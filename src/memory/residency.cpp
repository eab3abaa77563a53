#include "memory/residency.h"

#include <algorithm>
#include <bit>

namespace onda::memory {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

std::size_t count(std::uint64_t bits) noexcept { return static_cast<std::size_t>(std::popcount(bits)); }

// Calls `use(word, mask)` for each word that the run touches.
template <typename Use>
void for_words(Residency::Word* words, Residency::Run run, Use use) noexcept {
  if (run.count == 0) return;
  const std::size_t end = run.first + run.count;
  Residency::Word* word = words + run.first / 64;
  Residency::Word* const last = words + (end - 1) / 64;
  const std::uint64_t first_mask = kAll << (run.first % 64);
  const std::uint64_t last_mask = kAll >> (63 - (end - 1) % 64);
  if (word == last) return use(*word, first_mask & last_mask);
  use(*word, first_mask);
  while (++word != last) use(*word, kAll);
  use(*last, last_mask);
}

}  // namespace

// In each the usual case goes first: all is as it was when the same block was here before. Not every
// processor that we run on counts bits in one instruction.

std::size_t Residency::take(Run run) noexcept {
  std::size_t absent = 0;
  std::size_t not_idle = 0;
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    if ((word.idle & mask) != mask) {
      absent += count(mask & ~word.resident);
      not_idle += count(mask & ~word.idle);
    }
    word.idle &= ~mask;
  });
  idle_ -= run.count - not_idle;
  return absent;
}

void Residency::occupy(Run run) noexcept {
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    resident_ += count(mask & ~word.resident);
    word.resident |= mask;
  });
}

void Residency::rest(Run run) noexcept {
  if (run.count == 0) return;
  std::size_t others = 0;
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    const std::uint64_t rests = mask & word.resident & ~word.idle;
    if (rests != mask) others += count(mask & ~rests);
    word.idle |= rests;
  });
  idle_ += run.count - others;
  top_ = std::max(top_, words_for(run.first + run.count));
}

void Residency::vacate(Run run) noexcept {
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    word.resident &= ~mask;
    word.idle &= ~mask;
  });
  resident_ -= run.count;
  idle_ -= run.count;
}

Residency::Run Residency::highest_idle(std::size_t limit) noexcept {
  if (idle_ == 0 || limit == 0) return {};
  while (top_ > 0 && words_[top_ - 1].idle == 0) --top_;
  if (top_ == 0) return {};
  std::size_t word = top_ - 1;
  auto bit = static_cast<std::size_t>(std::bit_width(words_[word].idle)) - 1;
  const std::size_t last = word * 64 + bit;
  std::size_t first = last;
  std::size_t length = 0;
  for (;;) {
    // The ones below and at `bit` that follow one another.
    const std::uint64_t shifted = words_[word].idle << (63 - bit);
    const std::size_t ones = std::min(static_cast<std::size_t>(std::countl_one(shifted)), bit + 1);
    length += ones;
    if (ones < bit + 1 || length >= limit || word == 0) break;
    --word;
    bit = 63;
  }
  length = std::min(length, limit);
  first = last + 1 - length;
  return {.first = first, .count = length};
}

}  // namespace onda::memory
