#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "onda/dtype.h"
#include "onda/tensor.h"
#include "tensor/small_float.h"

namespace onda::tensor {

/// Element `index` of bytes that need not be aligned.
template <class T>
[[nodiscard]] T load_element(std::span<const std::byte> bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// The bits of an element that may be narrower than a byte; the first element has the lowest bits.
[[nodiscard]] inline std::uint32_t load_element_bits(std::span<const std::byte> bytes, std::size_t index,
                                                     std::size_t width) {
  if (width == 16) return load_element<std::uint16_t>(bytes, index);
  const std::size_t per_byte = 8 / width;
  const auto byte = std::to_integer<std::uint32_t>(bytes[index / per_byte]);
  return (byte >> (index % per_byte * width)) & ((1U << width) - 1U);
}

[[nodiscard]] inline std::int64_t sign_extended(std::uint32_t pattern, std::size_t width) {
  const auto value = static_cast<std::int64_t>(pattern);
  return pattern >> (width - 1) != 0 ? value - (std::int64_t{1} << width) : value;
}

/// Calls `visit` with element `index` as int64, uint64, double or float, whichever holds it exactly; false
/// where none does: strings, complex numbers, booleans.
template <class Visit>
bool visit_number(const TensorView& tensor, std::size_t index, Visit visit) {
  const auto bytes = tensor.bytes();
  switch (tensor.dtype()) {
    case DType::float32:
      visit(load_element<float>(bytes, index));
      return true;
    case DType::float64:
      visit(load_element<double>(bytes, index));
      return true;
    case DType::int8:
      visit(static_cast<std::int64_t>(load_element<std::int8_t>(bytes, index)));
      return true;
    case DType::int16:
      visit(static_cast<std::int64_t>(load_element<std::int16_t>(bytes, index)));
      return true;
    case DType::int32:
      visit(static_cast<std::int64_t>(load_element<std::int32_t>(bytes, index)));
      return true;
    case DType::int64:
      visit(load_element<std::int64_t>(bytes, index));
      return true;
    case DType::uint8:
      visit(static_cast<std::uint64_t>(load_element<std::uint8_t>(bytes, index)));
      return true;
    case DType::uint16:
      visit(static_cast<std::uint64_t>(load_element<std::uint16_t>(bytes, index)));
      return true;
    case DType::uint32:
      visit(static_cast<std::uint64_t>(load_element<std::uint32_t>(bytes, index)));
      return true;
    case DType::uint64:
      visit(load_element<std::uint64_t>(bytes, index));
      return true;
    case DType::uint4:
    case DType::uint2:
      visit(static_cast<std::uint64_t>(load_element_bits(bytes, index, bits(tensor.dtype()))));
      return true;
    case DType::int4:
    case DType::int2:
      visit(sign_extended(load_element_bits(bytes, index, bits(tensor.dtype())), bits(tensor.dtype())));
      return true;
    default:
      break;
  }
  if (!is_small_float(tensor.dtype())) return false;
  visit(decode_small_float(tensor.dtype(), load_element_bits(bytes, index, bits(tensor.dtype()))));
  return true;
}

/// Element `index` as a number; true is 1. NaN for strings and complex numbers.
[[nodiscard]] double element_value(const TensorView& tensor, std::size_t index);

}  // namespace onda::tensor
