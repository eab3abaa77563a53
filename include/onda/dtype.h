#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace onda {

/// Element types of tensors. The values are those of ONNX's `TensorProto.DataType`
/// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), so a value read from a model file can be
/// cast once `dtype_from_onnx` has accepted it.
enum class DType : std::int32_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};

/// All values but `undefined`, in ascending order.
[[nodiscard]] std::span<const DType> all_dtypes() noexcept;

/// The lower-case name used on the command line and in messages: "float32", "int4", "string", …
[[nodiscard]] std::string_view to_string(DType dtype) noexcept;

/// The inverse of `to_string`; also accepts the usual short forms (f32, fp32, float, i64, u8, bool, half,
/// bf16, …) in any case. Empty for anything else.
[[nodiscard]] std::optional<DType> parse_dtype(std::string_view text) noexcept;

/// Empty for a number that ONNX does not define.
[[nodiscard]] std::optional<DType> dtype_from_onnx(std::int64_t number) noexcept;

/// Bits of one element: 2, 4, 8, … 128. 0 for `string` and `undefined`.
[[nodiscard]] std::size_t bits(DType dtype) noexcept;

/// Whether elements have a fixed size, i.e. whether a buffer of bytes can hold them (all but `string`).
[[nodiscard]] bool is_fixed_size(DType dtype) noexcept;

/// Bytes that `elements` take: packed types (2 and 4 bits) are packed without gaps and rounded up to a
/// whole byte. Throws invalid_argument on overflow, and for `string` and `undefined`.
[[nodiscard]] std::size_t byte_size(DType dtype, std::size_t elements);

/// The dtype that a C++ type stands for. `bool`, the fixed-width integers, `float` and `double`.
template <class T>
inline constexpr DType dtype_of = DType::undefined;
template <>
inline constexpr DType dtype_of<float> = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;
template <>
inline constexpr DType dtype_of<std::int8_t> = DType::int8;
template <>
inline constexpr DType dtype_of<std::int16_t> = DType::int16;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::int32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::int64;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::uint8;
template <>
inline constexpr DType dtype_of<std::uint16_t> = DType::uint16;
template <>
inline constexpr DType dtype_of<std::uint32_t> = DType::uint32;
template <>
inline constexpr DType dtype_of<std::uint64_t> = DType::uint64;

}  // namespace onda
