#include "tensor/small_float.h"

#include <cmath>
#include <limits>

namespace onda::tensor {
namespace {

/// How a pattern is read: sign, exponent, mantissa, from the highest bit down.
/// https://onnx.ai/onnx/technical/float8.html and float4.html
struct Format {
  bool has_sign = true;
  int exponent_bits = 0;
  int mantissa_bits = 0;
  int bias = 0;
  /// ieee: the highest exponent is infinity and NaN. last: NaN is all ones but the sign, no infinity.
  /// negative_zero: NaN is 100…0, no infinity and no negative zero. none: every pattern is a number.
  enum class Special { ieee, last, negative_zero, none } special = Special::ieee;
};

std::optional<Format> format_of(DType dtype) noexcept {
  using Special = Format::Special;
  switch (dtype) {
    case DType::float16:
      return Format{true, 5, 10, 15, Special::ieee};
    case DType::bfloat16:
      return Format{true, 8, 7, 127, Special::ieee};
    case DType::float8e4m3fn:
      return Format{true, 4, 3, 7, Special::last};
    case DType::float8e4m3fnuz:
      return Format{true, 4, 3, 8, Special::negative_zero};
    case DType::float8e5m2:
      return Format{true, 5, 2, 15, Special::ieee};
    case DType::float8e5m2fnuz:
      return Format{true, 5, 2, 16, Special::negative_zero};
    case DType::float4e2m1:
      return Format{true, 2, 1, 1, Special::none};
    case DType::float8e8m0:
      return Format{false, 8, 0, 127, Special::last};
    default:
      return std::nullopt;
  }
}

struct Fields {
  bool negative = false;
  std::uint32_t exponent = 0;
  std::uint32_t mantissa = 0;
};

std::uint32_t ones(int count) { return (1U << static_cast<unsigned>(count)) - 1U; }

Fields split(const Format& format, std::uint32_t pattern) {
  const auto mantissa_bits = static_cast<unsigned>(format.mantissa_bits);
  const auto exponent_bits = static_cast<unsigned>(format.exponent_bits);
  const bool negative = format.has_sign && ((pattern >> (mantissa_bits + exponent_bits)) & 1U) != 0;
  return {negative, (pattern >> mantissa_bits) & ones(format.exponent_bits),
          pattern & ones(format.mantissa_bits)};
}

double decode(const Format& format, std::uint32_t pattern) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const Fields fields = split(format, pattern);
  const bool is_highest = fields.exponent == ones(format.exponent_bits);
  if (format.special == Format::Special::ieee && is_highest) {
    if (fields.mantissa != 0) return kNaN;
    return fields.negative ? -std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::infinity();
  }
  if (format.special == Format::Special::last && is_highest &&
      fields.mantissa == ones(format.mantissa_bits)) {
    return kNaN;
  }
  if (format.special == Format::Special::negative_zero && fields.negative && fields.exponent == 0 &&
      fields.mantissa == 0) {
    return kNaN;
  }
  // Without a mantissa there are no subnormal numbers: float8e8m0 is a power of two, its lowest 2^-127.
  const bool is_subnormal = fields.exponent == 0 && format.mantissa_bits > 0;
  const int exponent =
      (is_subnormal ? 1 : static_cast<int>(fields.exponent)) - format.bias - format.mantissa_bits;
  const std::uint32_t hidden = is_subnormal ? 0 : 1U << static_cast<unsigned>(format.mantissa_bits);
  const double size = std::ldexp(static_cast<double>(hidden + fields.mantissa), exponent);
  return fields.negative ? -size : size;
}

/// The largest pattern, sign apart, that is a finite number.
std::uint32_t largest_finite(const Format& format) {
  const std::uint32_t all = ones(format.exponent_bits + format.mantissa_bits);
  switch (format.special) {
    case Format::Special::ieee:
      return (ones(format.exponent_bits) << static_cast<unsigned>(format.mantissa_bits)) - 1U;
    case Format::Special::last:
      return all - 1U;
    default:
      return all;
  }
}

std::optional<std::uint32_t> nan_pattern(const Format& format) {
  const auto sign_shift = static_cast<unsigned>(format.exponent_bits + format.mantissa_bits);
  switch (format.special) {
    case Format::Special::ieee:
      // Quiet: the mantissa's highest bit.
      return (ones(format.exponent_bits) << static_cast<unsigned>(format.mantissa_bits)) |
             (1U << static_cast<unsigned>(format.mantissa_bits - 1));
    case Format::Special::last:
      return ones(format.exponent_bits + format.mantissa_bits);
    case Format::Special::negative_zero:
      return 1U << sign_shift;
    case Format::Special::none:
      return std::nullopt;
  }
  return std::nullopt;
}

/// Patterns without a sign ascend with their values, so the nearest one is found by halving.
std::optional<std::uint32_t> nearest_pattern(const Format& format, double size) {
  std::uint32_t low = 0;
  std::uint32_t high = largest_finite(format);
  const double largest = decode(format, high);
  if (size > largest) {
    // Up to half a step past the largest still rounds to it.
    const double half_step = (largest - decode(format, high - 1)) / 2;
    if (size >= largest + half_step) return std::nullopt;
    return high;
  }
  if (size <= decode(format, low)) return low;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (decode(format, middle) <= size ? low : high) = middle;
  }
  const double below = size - decode(format, low);
  const double above = decode(format, high) - size;
  if (below == above) return (low & 1U) == 0 ? low : high;
  return below < above ? low : high;
}

}  // namespace

bool is_small_float(DType dtype) noexcept { return format_of(dtype).has_value(); }

double decode_small_float(DType dtype, std::uint32_t pattern) noexcept {
  const auto format = format_of(dtype);
  return format ? decode(*format, pattern) : std::numeric_limits<double>::quiet_NaN();
}

std::optional<std::uint32_t> encode_small_float(DType dtype, double value) noexcept {
  const auto format = format_of(dtype);
  if (!format) return std::nullopt;
  if (std::isnan(value)) return nan_pattern(*format);
  const bool negative = std::signbit(value);
  if (negative && !format->has_sign) return std::nullopt;
  const auto sign_shift = static_cast<unsigned>(format->exponent_bits + format->mantissa_bits);
  const std::uint32_t sign = negative ? 1U << sign_shift : 0U;
  if (std::isinf(value)) {
    if (format->special != Format::Special::ieee) return std::nullopt;
    return sign | (ones(format->exponent_bits) << static_cast<unsigned>(format->mantissa_bits));
  }
  const auto pattern = nearest_pattern(*format, std::abs(value));
  if (!pattern) return std::nullopt;
  if (*pattern == 0 && format->special == Format::Special::negative_zero) return 0;
  return sign | *pattern;
}

}  // namespace onda::tensor
