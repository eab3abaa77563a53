#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace onda::memory {

/// The sizes of small blocks: multiples of 64 bytes up to 32 KB, four steps a doubling, so that at most a
/// fifth of a block above 256 bytes is lost to rounding.
class SizeClasses {
 public:
  static constexpr std::size_t kSmallest = 64;
  static constexpr std::size_t kLargest = std::size_t{32} << 10;
  static constexpr std::size_t kCount = 32;
  /// Blocks lie at multiples of their size from the beginning of a page; what is aligned to more has pages of
  /// its own.
  static constexpr std::size_t kLargestAlignment = 4096;

  /// The bytes of each block of the class.
  [[nodiscard]] static constexpr std::size_t bytes(std::size_t size_class) noexcept {
    return kBytes[size_class];
  }

  /// Whether such a block has a class. 0 bytes do.
  [[nodiscard]] static constexpr bool holds(std::size_t bytes, std::size_t alignment) noexcept {
    return bytes <= kLargest && alignment <= kLargestAlignment;
  }

  /// The smallest class with blocks of at least `bytes` bytes, at most `kLargest`.
  [[nodiscard]] static constexpr std::size_t of(std::size_t bytes) noexcept {
    const std::size_t step = (bytes - (bytes != 0 ? 1 : 0)) / kSmallest;
    if (step < kStepsPerDoubling) return step;
    const auto shift = static_cast<std::size_t>(std::bit_width(step)) - 3;
    return kStepsPerDoubling * (shift + 1) + ((step >> shift) & (kStepsPerDoubling - 1));
  }

  /// The smallest class whose blocks are aligned to `alignment` too, a power of two up to
  /// `kLargestAlignment`.
  [[nodiscard]] static constexpr std::size_t of(std::size_t bytes, std::size_t alignment) noexcept {
    std::size_t found = of(bytes);
    if (alignment <= kSmallest) return found;
    // At most three steps further there is a power of two; `alignment` itself has a class.
    if (bytes < alignment) found = of(alignment);
    while (kBytes[found] % alignment != 0) ++found;
    return found;
  }

 private:
  static constexpr std::size_t kStepsPerDoubling = 4;

  static constexpr std::array<std::uint32_t, kCount> kBytes = [] {
    std::array<std::uint32_t, kCount> sizes{};
    for (std::uint32_t c = 0; c < kCount; ++c) {
      const std::uint32_t doubling = c / kStepsPerDoubling;
      const std::uint32_t step = doubling < 2 ? 64U : 64U << (doubling - 1);
      sizes[c] = c == 0 ? 64U : sizes[c - 1] + step;
    }
    return sizes;
  }();
};

}  // namespace onda::memory
