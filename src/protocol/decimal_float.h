#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace onda::protocol {

/// 5 to a power, rounded down to 64 bits: `mantissa` × 2^`exponent`, the mantissa's highest bit set.
struct PowerOfFive {
  std::uint64_t mantissa = 0;
  int exponent = 0;
};

/// 5^55 is the highest that 128 bits hold.
inline constexpr int kHighestPowerOfFive = 55;
/// One more, and the division that makes the table overflows.
inline constexpr int kLowestPowerOfFive = -54;

[[nodiscard]] constexpr std::array<PowerOfFive, kHighestPowerOfFive - kLowestPowerOfFive + 1>
make_powers_of_five() noexcept {
  std::array<PowerOfFive, kHighestPowerOfFive - kLowestPowerOfFive + 1> table{};
  unsigned __int128 power = 1;
  for (int q = 0; q <= kHighestPowerOfFive; ++q, power *= 5) {
    int length = 0;
    while (length < 128 && (power >> static_cast<unsigned>(length)) != 0) ++length;
    const int shift = length - 64;
    const unsigned __int128 top =
        shift >= 0 ? power >> static_cast<unsigned>(shift) : power << static_cast<unsigned>(-shift);
    table[static_cast<std::size_t>(q - kLowestPowerOfFive)] = {static_cast<std::uint64_t>(top), shift};
    if (q == 0 || -q < kLowestPowerOfFive) continue;
    // 2^(length + 63) / 5^q lies between 2^63 and 2^64. Long division, bit by bit.
    unsigned __int128 rest = 1;
    std::uint64_t quotient = 0;
    for (int bit = 0; bit < length + 63; ++bit) {
      rest <<= 1U;
      quotient <<= 1U;
      if (rest >= power) {
        rest -= power;
        quotient |= 1U;
      }
    }
    table[static_cast<std::size_t>(-q - kLowestPowerOfFive)] = {quotient, -(length + 63)};
  }
  return table;
}

inline constexpr auto kPowersOfFive = make_powers_of_five();

/// Powers of ten that a double holds exactly.
inline constexpr std::array<double, 23> kExactPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                             1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                             1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// As `round_decimal`, for numbers of few digits: one division of what doubles hold exactly is rounded
/// correctly, and once more for a float, unless it fell on the middle between two of them. False where that
/// is so, and where there are too many digits.
template <class Float>
[[nodiscard]] inline bool divide_decimal(std::uint64_t digits, int exponent, Float& value) noexcept {
  constexpr std::uint64_t kMostDigits = std::uint64_t{1} << 53U;
  const auto power = static_cast<unsigned>(-exponent);
  if (digits > kMostDigits || power >= kExactPowersOfTen.size()) return false;
  const double quotient = static_cast<double>(static_cast<std::int64_t>(digits)) / kExactPowersOfTen[power];
  if constexpr (sizeof(Float) == 4) {
    constexpr std::uint64_t kDropped = 0x1FFFFFFF;
    constexpr std::uint64_t kMiddle = 0x10000000;
    if ((std::bit_cast<std::uint64_t>(quotient) & kDropped) == kMiddle) return false;
  }
  value = static_cast<Float>(quotient);
  return true;
}

/// `digits` × 10^`exponent`, rounded to nearest, ties to even, as std::from_chars does. False where this
/// short way cannot tell, which is rare: the value lies within 2^-63 of itself to the middle between two
/// floats, is no normal number, or the exponent is far from 0.
///
/// The product of the digits and a power of five that is at most 1 too small (in units of its last bit) is at
/// most 2 too small in units of the bit 2^64 of the product. Rounding that agrees at both ends of that range
/// is right.
template <class Float>
[[nodiscard]] inline bool round_decimal(std::uint64_t digits, int exponent, Float& value) noexcept {
  using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
  constexpr int kBits = std::numeric_limits<Float>::digits;
  constexpr int kBias = std::numeric_limits<Float>::max_exponent - 1;
  if (digits == 0) {
    value = 0;
    return true;
  }
  if (exponent < kLowestPowerOfFive || exponent > kHighestPowerOfFive) return false;
  const PowerOfFive& power = kPowersOfFive[static_cast<std::size_t>(exponent - kLowestPowerOfFive)];
  const int leading_zeros = std::countl_zero(digits);
  const auto product =
      static_cast<unsigned __int128>(digits << static_cast<unsigned>(leading_zeros)) * power.mantissa;
  const auto high = static_cast<std::uint64_t>(product >> 64U);

  const auto is_long = static_cast<int>(high >> 63U);
  const auto dropped_bits = static_cast<unsigned>(63 + is_long - kBits);
  const std::uint64_t dropped = high & ((std::uint64_t{1} << dropped_bits) - 1);
  const std::uint64_t half = std::uint64_t{1} << (dropped_bits - 1);
  if (dropped - (half - 1) <= 1) return false;
  std::uint64_t mantissa = (high >> dropped_bits) + (dropped >= half ? 1 : 0);
  int unbiased = kBits - 1 + static_cast<int>(dropped_bits) + 64 + power.exponent + exponent - leading_zeros;
  if (mantissa == std::uint64_t{1} << kBits) {
    mantissa >>= 1U;
    ++unbiased;
  }
  if (unbiased > kBias || unbiased < 1 - kBias) return false;
  const std::uint64_t fraction = mantissa - (std::uint64_t{1} << (kBits - 1));
  const auto biased = static_cast<std::uint64_t>(unbiased + kBias);
  value = std::bit_cast<Float>(static_cast<Bits>((biased << (kBits - 1)) | fraction));
  return true;
}

}  // namespace onda::protocol
