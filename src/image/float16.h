#pragma once

#include <bit>
#include <cstdint>

namespace onda::image {

/// The bits of the nearest IEEE 754 half-precision number, ties to even; too large is infinity, NaN stays
/// NaN.
[[nodiscard]] constexpr std::uint16_t to_float16_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
  if (magnitude > 0x7F80'0000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
  // From halfway between the largest half and what would be the next one on.
  if (magnitude >= 0x477F'F000U) return static_cast<std::uint16_t>(sign | 0x7C00U);

  std::uint32_t mantissa = magnitude;
  std::uint32_t dropped_bits = 13;
  std::uint32_t exponent_bias = 0x3800'0000U;  // 127 − 15, at the exponent's place
  if (magnitude < 0x3880'0000U) {              // subnormal in half precision
    const std::uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return static_cast<std::uint16_t>(sign);  // less than half of the smallest
    mantissa = (magnitude & 0x007F'FFFFU) | 0x0080'0000U;
    dropped_bits = 126 - exponent;
    exponent_bias = 0;
  }
  const std::uint32_t kept = (mantissa - exponent_bias) >> dropped_bits;
  const std::uint32_t rest = mantissa & ((1U << dropped_bits) - 1);
  const std::uint32_t half = 1U << (dropped_bits - 1);
  const std::uint32_t up = rest > half || (rest == half && (kept & 1U) != 0) ? 1 : 0;
  return static_cast<std::uint16_t>(sign | (kept + up));
}

}  // namespace onda::image
