#include "conformance/tensor_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace onda::test {
namespace {

template <class T>
T bits_at(const TensorView& view, std::size_t index) {
  T value{};
  std::memcpy(&value, view.bytes().data() + index * sizeof(T), sizeof(T));
  return value;
}

double half_to_double(std::uint16_t half) {
  const double sign = (half & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = (half >> 10U) & 0x1F;
  const double fraction = half & 0x3FFU;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 1024, exponent - 25);
}

double bfloat16_to_double(std::uint16_t value) {
  const std::uint32_t wide = std::uint32_t{value} << 16U;
  float result = 0;
  std::memcpy(&result, &wide, sizeof(result));
  return result;
}

// The real numbers that an element consists of: two for a complex one.
std::size_t parts_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
    case DType::bfloat16:
    case DType::float32:
    case DType::float64:
      return 1;
    case DType::complex64:
    case DType::complex128:
      return 2;
    default:
      return 0;
  }
}

double part(const TensorView& view, std::size_t index) {
  switch (view.dtype()) {
    case DType::float16:
      return half_to_double(bits_at<std::uint16_t>(view, index));
    case DType::bfloat16:
      return bfloat16_to_double(bits_at<std::uint16_t>(view, index));
    case DType::float32:
    case DType::complex64:
      return bits_at<float>(view, index);
    default:
      return bits_at<double>(view, index);
  }
}

bool is_close(double expected, double actual, const Tolerance& tolerance) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual)) return expected == actual;
  return std::abs(actual - expected) <= tolerance.absolute + tolerance.relative * std::abs(expected);
}

std::string float_difference(const TensorView& expected, const TensorView& actual,
                             const Tolerance& tolerance) {
  const std::size_t count = expected.element_count() * parts_of(expected.dtype());
  std::size_t differing = 0;
  std::string first;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = part(expected, i);
    const double y = part(actual, i);
    if (is_close(x, y, tolerance)) continue;
    if (differing++ == 0) {
      first = "element " + std::to_string(i) + " is " + std::to_string(y) + ", expected " + std::to_string(x);
    }
  }
  if (differing == 0) return {};
  return first + " (" + std::to_string(differing) + " of " + std::to_string(count) + " differ)";
}

std::string exact_difference(const TensorView& expected, const TensorView& actual) {
  const auto text = std::ranges::mismatch(expected.strings(), actual.strings());
  if (text.in1 != expected.strings().end()) return "\"" + *text.in2 + "\", expected \"" + *text.in1 + "\"";
  const auto bytes = std::ranges::mismatch(expected.bytes(), actual.bytes());
  if (bytes.in1 == expected.bytes().end()) return {};
  return "byte " + std::to_string(bytes.in1 - expected.bytes().begin()) + " is " +
         std::to_string(std::to_integer<int>(*bytes.in2)) + ", expected " +
         std::to_string(std::to_integer<int>(*bytes.in1));
}

}  // namespace

std::string difference(const TensorView& expected, const TensorView& actual, const Tolerance& tolerance) {
  if (expected.dtype() != actual.dtype()) {
    return "dtype " + std::string(to_string(actual.dtype())) + ", expected " +
           std::string(to_string(expected.dtype()));
  }
  if (expected.shape() != actual.shape()) {
    return "shape " + to_string(actual.shape()) + ", expected " + to_string(expected.shape());
  }
  if (std::isinf(tolerance.absolute)) return {};
  return parts_of(expected.dtype()) == 0 ? exact_difference(expected, actual)
                                         : float_difference(expected, actual, tolerance);
}

}  // namespace onda::test
