#pragma once

#include <cstddef>
#include <span>

namespace onda::tensor {

/// Element `index` of elements of `width` bits (2 or 4) that are packed without gaps, the first in the lowest
/// bits.
[[nodiscard]] inline std::byte packed_element(std::span<const std::byte> bytes, std::size_t width,
                                              std::size_t index) noexcept {
  const std::size_t per_byte = 8 / width;
  const std::size_t shift = index % per_byte * width;
  return (bytes[index / per_byte] >> shift) & std::byte((1U << width) - 1U);
}

/// Sets it; the element's bits must be 0 before.
inline void set_packed_element(std::span<std::byte> bytes, std::size_t width, std::size_t index,
                               std::byte value) noexcept {
  const std::size_t per_byte = 8 / width;
  const std::size_t shift = index % per_byte * width;
  bytes[index / per_byte] |= (value & std::byte((1U << width) - 1U)) << shift;
}

}  // namespace onda::tensor
