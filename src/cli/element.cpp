#include "cli/element.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "cli/json_writer.h"
#include "tensor/element_value.h"
#include "tensor/small_float.h"

namespace onda::cli {
namespace {

template <class Number>
void append_integer(std::string& out, Number value) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out.append(digits, static_cast<std::size_t>(end - digits));
}

template <class Real>
void append_complex(std::string& out, std::span<const std::byte> bytes, std::size_t index) {
  out += '[';
  append_json_number(out, tensor::load_element<Real>(bytes, 2 * index));
  out += ", ";
  append_json_number(out, tensor::load_element<Real>(bytes, 2 * index + 1));
  out += ']';
}

[[noreturn]] void refuse(std::string_view token, DType dtype, std::string_view why) {
  constexpr std::size_t kShown = 40;
  std::string shown(token.substr(0, kShown));
  if (token.size() > kShown) shown += "…";
  throw Error(ErrorCode::invalid_argument,
              shown + ": " + std::string(why) + " " + std::string(to_string(dtype)));
}

template <class Number>
std::optional<Number> whole(std::string_view token) {
  Number value{};
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return value;
}

bool is_json_number(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  return !token.empty() && token.front() >= '0' && token.front() <= '9' &&
         token.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

template <class Real>
Real read_real(std::string_view token, DType dtype) {
  if (token == "NaN") return std::numeric_limits<Real>::quiet_NaN();
  if (token == "Infinity") return std::numeric_limits<Real>::infinity();
  if (token == "-Infinity") return -std::numeric_limits<Real>::infinity();
  if (!is_json_number(token)) refuse(token, dtype, "expected a number for");
  Real value{};
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (end != token.data() + token.size()) refuse(token, dtype, "expected a number for");
  if (error == std::errc()) return value;
  // Out of range, at either end: what is too small is 0, as everywhere.
  const double wide = std::strtod(std::string(token).c_str(), nullptr);
  if (std::abs(wide) < 1) return static_cast<Real>(wide);
  refuse(token, dtype, "too large for");
}

/// -8 to 7 for int4, and so on; `width` is below 64.
std::int64_t read_signed(std::string_view token, DType dtype, std::size_t width) {
  const auto value = whole<std::int64_t>(token);
  if (!value && !is_json_number(token)) refuse(token, dtype, "expected a whole number for");
  if (!value && token.find_first_of(".eE") != std::string_view::npos) {
    refuse(token, dtype, "no whole number, as is needed for");
  }
  const std::int64_t limit =
      width == 64 ? std::numeric_limits<std::int64_t>::max() : (std::int64_t{1} << (width - 1)) - 1;
  if (!value || *value > limit || *value < -limit - 1) refuse(token, dtype, "out of range for");
  return *value;
}

std::uint64_t read_unsigned(std::string_view token, DType dtype, std::size_t width) {
  const auto value = whole<std::uint64_t>(token);
  if (!value && !is_json_number(token)) refuse(token, dtype, "expected a whole number for");
  if (!value && token.find_first_of(".eE") != std::string_view::npos) {
    refuse(token, dtype, "no whole number, as is needed for");
  }
  const std::uint64_t limit =
      width == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << width) - 1;
  if (!value || *value > limit) refuse(token, dtype, "out of range for");
  return *value;
}

bool read_truth(std::string_view token) {
  if (token == "true" || token == "1") return true;
  if (token == "false" || token == "0") return false;
  refuse(token, DType::boolean, "expected true or false for");
}

}  // namespace

void append_element(std::string& out, const TensorView& tensor, std::size_t index) {
  switch (tensor.dtype()) {
    case DType::string:
      append_json_string(out, tensor.strings()[index]);
      return;
    case DType::boolean:
      out += tensor::element_value(tensor, index) != 0 ? "true" : "false";
      return;
    case DType::complex64:
      append_complex<float>(out, tensor.bytes(), index);
      return;
    case DType::complex128:
      append_complex<double>(out, tensor.bytes(), index);
      return;
    default:
      break;
  }
  tensor::visit_number(tensor, index, [&out](auto value) {
    if constexpr (std::is_integral_v<decltype(value)>) {
      append_integer(out, value);
    } else {
      append_json_number(out, value);
    }
  });
}

template <class T>
void ElementBuffer::push(T value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  ++size_;
}

void ElementBuffer::push_bits(std::uint32_t pattern) {
  const std::size_t width = bits(dtype_);
  if (width == 16) return push(static_cast<std::uint16_t>(pattern));
  if (width == 8) return push(static_cast<std::uint8_t>(pattern));
  const std::size_t per_byte = 8 / width;
  if (size_ % per_byte == 0) bytes_.push_back(std::byte{0});
  const std::uint32_t masked = pattern & ((1U << width) - 1U);
  bytes_.back() |= static_cast<std::byte>(masked << (size_ % per_byte * width));
  ++size_;
}

void ElementBuffer::append(std::string_view token) {
  switch (dtype_) {
    case DType::float32:
    case DType::complex64:
      return push(read_real<float>(token, dtype_));
    case DType::float64:
    case DType::complex128:
      return push(read_real<double>(token, dtype_));
    case DType::boolean:
      return push(static_cast<std::uint8_t>(read_truth(token)));
    case DType::int64:
      return push(read_signed(token, dtype_, 64));
    case DType::int32:
      return push(static_cast<std::int32_t>(read_signed(token, dtype_, 32)));
    case DType::uint64:
      return push(read_unsigned(token, dtype_, 64));
    case DType::uint32:
      return push(static_cast<std::uint32_t>(read_unsigned(token, dtype_, 32)));
    case DType::int16:
    case DType::int8:
    case DType::int4:
    case DType::int2:
      return push_bits(static_cast<std::uint32_t>(read_signed(token, dtype_, bits(dtype_))));
    case DType::uint16:
    case DType::uint8:
    case DType::uint4:
    case DType::uint2:
      return push_bits(static_cast<std::uint32_t>(read_unsigned(token, dtype_, bits(dtype_))));
    default:
      break;
  }
  if (!tensor::is_small_float(dtype_)) refuse(token, dtype_, "cannot be read as");
  const auto pattern = tensor::encode_small_float(dtype_, read_real<double>(token, dtype_));
  if (!pattern) refuse(token, dtype_, "out of range for");
  push_bits(*pattern);
}

}  // namespace onda::cli
