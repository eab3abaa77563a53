#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "protocol/decimal_float.h"

namespace onda::protocol {

/// Why a number could not be read.
enum class NumberProblem {
  none,
  not_a_number,    ///< no number by JSON's grammar
  not_an_integer,  ///< a number with a fraction or an exponent
  out_of_range,    ///< too large for the type
};

/// Where the reading of a number ended: behind it, or anywhere where there is a problem.
struct NumberEnd {
  const char* at = nullptr;
  NumberProblem problem = NumberProblem::none;
};

namespace json_number_detail {

static_assert(std::endian::native == std::endian::little, "digits are taken from the low end of a word");

inline constexpr std::array<std::uint64_t, 9> kPowersOfTen = {1,      10,      100,      1000,     10000,
                                                              100000, 1000000, 10000000, 100000000};

/// The value of eight bytes that are digits, '0' already taken off, the first in the lowest byte.
[[nodiscard]] inline std::uint64_t value_of_eight(std::uint64_t digits) noexcept {
  digits = digits * 10 + (digits >> 8U);  // pairs, in every other byte
  constexpr std::uint64_t kPairs = 0x000000FF000000FF;
  const std::uint64_t high = (digits & kPairs) * (100 + (std::uint64_t{1000000} << 32U));
  const std::uint64_t low = ((digits >> 16U) & kPairs) * (1 + (std::uint64_t{10000} << 32U));
  return (high + low) >> 32U;
}

/// Eight bytes of text, of which the first `count` are digits, '0' already taken off.
struct DigitWord {
  std::uint64_t word = 0;
  unsigned count = 0;  // below 8, unless `is_full`
  bool is_full = false;

  explicit DigitWord(const char* at) noexcept {
    std::memcpy(&word, at, sizeof(word));
    word ^= 0x3030303030303030U;
    // The highest bit of each byte from the first on that is no digit; what follows that one does not matter.
    const std::uint64_t others = ((word + 0x7676767676767676U) | word) & 0x8080808080808080U;
    is_full = others == 0;
    count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  }
  /// The digits behind those of `value`. Not where it is full.
  [[nodiscard]] std::uint64_t behind(std::uint64_t value) const noexcept {
    // In two steps: a shift by 64 has no meaning.
    return value * kPowersOfTen[count] + value_of_eight((word << (8 * (7 - count))) << 8U);
  }
  /// The same where it is.
  [[nodiscard]] std::uint64_t all_behind(std::uint64_t value) const noexcept {
    return value * kPowersOfTen[8] + value_of_eight(word);
  }
};

/// Reads digits onto the end of `value`, which wraps where there are too many, eight at a time and without a
/// branch for each. May read 8 bytes from `end` or what is past it on, and stop there.
[[nodiscard]] inline const char* read_digits(const char* at, const char* end, std::uint64_t& value) noexcept {
  for (;;) {
    const DigitWord next(at);
    if (!next.is_full) {
      value = next.behind(value);
      return at + next.count;
    }
    value = next.all_behind(value);
    at += 8;
    if (at >= end) return at;
  }
}

[[nodiscard]] inline bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

/// The part of a number before its fraction. False where there is none, or a superfluous zero.
[[nodiscard]] inline bool read_whole(const char*& at, const char* end, std::uint64_t& value) noexcept {
  const char* const first = at;
  if (!is_digit(*first)) return false;
  if (!is_digit(first[1])) {
    value = static_cast<std::uint64_t>(*first - '0');
    at = first + 1;
    return true;
  }
  at = read_digits(first, end, value);
  return *first != '0';
}

/// The slow and exact way; [first, last) is a number by JSON's grammar.
template <class Float>
[[nodiscard]] NumberProblem read_exactly(const char* first, const char* last, Float& value) noexcept;
extern template NumberProblem read_exactly(const char* first, const char* last, float& value) noexcept;
extern template NumberProblem read_exactly(const char* first, const char* last, double& value) noexcept;

/// NaN, Infinity and -Infinity, which JSON lacks and Python writes.
[[nodiscard]] NumberEnd read_non_finite(const char* at, const char* end, double& value) noexcept;

}  // namespace json_number_detail

/// Reads a JSON number at `at`, rounded as std::from_chars rounds, and NaN, Infinity and -Infinity. Numbers
/// too small for the type become 0. 32 bytes must be readable from `end` on, whatever is in them.
template <std::floating_point Float>
[[nodiscard]] inline NumberEnd read_json_number(const char* at, const char* end, Float& value) noexcept {
  using namespace json_number_detail;
  const char* const first = at;
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  const char* const digits_begin = at;
  std::uint64_t digits = 0;
  if (!read_whole(at, end, digits)) [[unlikely]] {
    double special = 0;
    const NumberEnd read = read_non_finite(first, end, special);
    value = static_cast<Float>(special);
    return read;
  }
  auto count = at - digits_begin;
  int exponent = 0;
  if (*at == '.') {
    // A zero before the point is no digit that counts.
    if (digits == 0) count = 0;
    const char* const fraction_begin = ++at;
    at = read_digits(at, end, digits);
    if (at == fraction_begin) return {at, NumberProblem::not_a_number};
    count += at - fraction_begin;
    exponent = static_cast<int>(fraction_begin - at);
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    const bool is_below = *at == '-';
    if (is_below || *at == '+') ++at;
    const char* const exponent_begin = at;
    std::uint64_t written = 0;
    at = read_digits(at, end, written);
    if (at == exponent_begin) return {at, NumberProblem::not_a_number};
    // Far more than counts, and far from overflow; long ones may have wrapped.
    constexpr std::uint64_t kEnough = 100000;
    const int power = static_cast<int>(at - exponent_begin > 18 || written > kEnough ? kEnough : written);
    exponent += is_below ? -power : power;
  }
  if (at > end) [[unlikely]]
    return {at, NumberProblem::not_a_number};
  // 19 digits fit into 64 bits, always.
  if (count <= 19 && (divide_decimal(digits, exponent, value) || round_decimal(digits, exponent, value)))
      [[likely]] {
    value = is_negative ? -value : value;
    return {at, NumberProblem::none};
  }
  return {at, read_exactly(first, at, value)};
}

/// Reads an integer literal at `at`, exactly. As above for `end`.
template <std::integral Integer>
[[nodiscard]] inline NumberEnd read_json_number(const char* at, const char* end, Integer& value) noexcept {
  using namespace json_number_detail;
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  const char* const first = at;
  std::uint64_t digits = 0;
  if (!read_whole(at, end, digits)) return {at, NumberProblem::not_a_number};
  if (at > end) [[unlikely]]
    return {at, NumberProblem::not_a_number};
  if (*at == '.' || *at == 'e' || *at == 'E') {
    if (at < end) return {at, NumberProblem::not_an_integer};
  }
  if (at - first > 19) [[unlikely]] {
    if (std::from_chars(first, at, digits).ec != std::errc{}) return {at, NumberProblem::out_of_range};
  }
  const std::uint64_t highest = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  if (!is_negative) {
    if (digits > highest) return {at, NumberProblem::out_of_range};
    value = static_cast<Integer>(digits);
  } else {
    const std::uint64_t lowest = std::numeric_limits<Integer>::is_signed ? highest + 1 : 0;
    if (digits > lowest) return {at, NumberProblem::out_of_range};
    value = static_cast<Integer>(std::uint64_t{0} - digits);
  }
  return {at, NumberProblem::none};
}

/// The commonest numbers, in fewer steps: one digit, a point, and 1 to 15 digits; an integer of up to 7. Null
/// where the number is of another form, or none: `read_json_number` reads those. 32 bytes must be readable at
/// `at`.
template <std::floating_point Float>
[[nodiscard]] inline const char* read_common_number(const char* at, Float& value) noexcept {
  using namespace json_number_detail;
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  if (!is_digit(*at) || at[1] != '.') return nullptr;
  auto digits = static_cast<std::uint64_t>(*at - '0');
  at += 2;
  const DigitWord first(at);
  unsigned count = first.count;
  if (!first.is_full) {
    if (count == 0) return nullptr;
    digits = first.behind(digits);
  } else {
    const DigitWord second(at + 8);
    if (second.is_full) return nullptr;
    digits = second.behind(first.all_behind(digits));
    count = 8 + second.count;
  }
  at += count;
  if ((*at | 0x20) == 'e' || !divide_decimal(digits, -static_cast<int>(count), value)) return nullptr;
  value = is_negative ? -value : value;
  return at;
}

template <std::integral Integer>
[[nodiscard]] inline const char* read_common_number(const char* at, Integer& value) noexcept {
  using namespace json_number_detail;
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  const DigitWord word(at);
  if (word.is_full || word.count == 0 || (*at == '0' && word.count > 1)) return nullptr;
  at += word.count;
  if (*at == '.' || (*at | 0x20) == 'e') return nullptr;
  const auto digits = static_cast<std::int64_t>(word.behind(0));
  const std::int64_t number = is_negative ? -digits : digits;
  if (!std::in_range<Integer>(number)) return nullptr;
  value = static_cast<Integer>(number);
  return at;
}

}  // namespace onda::protocol
