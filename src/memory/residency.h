#pragma once

#include <cstddef>
#include <cstdint>

namespace onda::memory {

/// Which granules (equal parts) of a region may be resident, and which of these nobody uses. Synchronised by
/// the owner.
class Residency {
 public:
  /// A run of granules.
  struct Run {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  /// One for each 64 granules; all zero at first.
  struct Word {
    std::uint64_t resident;
    std::uint64_t idle;  // resident, and no page of it in use
  };
  static constexpr std::size_t words_for(std::size_t granules) noexcept { return (granules + 63) / 64; }

  Residency() = default;
  /// The words are borrowed.
  explicit Residency(Word* words) noexcept : words_(words) {}

  [[nodiscard]] std::size_t resident() const noexcept { return resident_; }
  [[nodiscard]] std::size_t idle() const noexcept { return idle_; }

  /// The run is about to be used: it is idle no more. Returns how many of its granules are not resident.
  [[nodiscard]] std::size_t take(Run run) noexcept;
  /// The run is used, thus resident. After `take`.
  void occupy(Run run) noexcept;
  /// No page of the run is used any more: what is resident of it is idle.
  void rest(Run run) noexcept;
  /// The idle run is not resident any more.
  void vacate(Run run) noexcept;

  [[nodiscard]] bool is_resident(std::size_t granule) const noexcept {
    return (words_[granule / 64].resident >> (granule % 64) & 1) != 0;
  }
  [[nodiscard]] bool is_idle(std::size_t granule) const noexcept {
    return (words_[granule / 64].idle >> (granule % 64) & 1) != 0;
  }

  /// The highest idle granules that follow one another, at most `limit` of them; count 0 where there are
  /// none.
  [[nodiscard]] Run highest_idle(std::size_t limit) noexcept;

 private:
  Word* words_ = nullptr;
  std::size_t resident_ = 0;
  std::size_t idle_ = 0;
  std::size_t top_ = 0;  // no word at or above it has an idle granule
};

}  // namespace onda::memory
