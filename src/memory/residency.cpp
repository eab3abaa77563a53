#include "memory/residency.h"

#include <algorithm>
#include <bit>

namespace onda::memory {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// Most words are full or empty, and not every processor that we run on counts bits in one instruction.
std::size_t count(std::uint64_t bits) noexcept {
  if (bits == 0) return 0;
  if (bits == kAll) return 64;
  return static_cast<std::size_t>(std::popcount(bits));
}

// Calls `use(word, mask)` for each word that the run touches.
template <typename Use>
void for_words(Residency::Word* words, Residency::Run run, Use use) noexcept {
  if (run.count == 0) return;
  std::size_t word = run.first / 64;
  const std::size_t last = (run.first + run.count - 1) / 64;
  std::uint64_t mask = kAll << (run.first % 64);
  for (; word < last; ++word) {
    use(words[word], mask);
    mask = kAll;
  }
  mask &= kAll >> (63 - (run.first + run.count - 1) % 64);
  use(words[word], mask);
}

}  // namespace

std::size_t Residency::take(Run run) noexcept {
  std::size_t absent = 0;
  std::size_t idle = 0;
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    absent += count(mask & ~word.resident);
    idle += count(mask & word.idle);
    word.idle &= ~mask;
  });
  idle_ -= idle;
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
  for_words(words_, run, [&](Word& word, std::uint64_t mask) {
    const std::uint64_t rests = mask & word.resident;
    idle_ += count(rests & ~word.idle);
    word.idle |= rests;
  });
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
