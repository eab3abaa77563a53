#include "onda/dtype.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "onda/error.h"

namespace onda {
namespace {

struct Properties {
  std::string_view name;
  std::size_t bits;
};

// Indexed by the dtype's number.
constexpr std::array<Properties, 27> kProperties = {{
    {"undefined", 0},      {"float32", 32},  {"uint8", 8},        {"int8", 8},           {"uint16", 16},
    {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
    {"float16", 16},       {"float64", 64},  {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
    {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
    {"uint2", 2},          {"int2", 2},
}};

constexpr auto kAll = [] {
  std::array<DType, kProperties.size() - 1> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<DType>(i + 1);
  return all;
}();

struct ShortForm {
  std::string_view text;
  DType dtype;
};

constexpr std::array kShortForms = {
    ShortForm{"float", DType::float32},
    ShortForm{"f32", DType::float32},
    ShortForm{"fp32", DType::float32},
    ShortForm{"single", DType::float32},
    ShortForm{"double", DType::float64},
    ShortForm{"f64", DType::float64},
    ShortForm{"fp64", DType::float64},
    ShortForm{"half", DType::float16},
    ShortForm{"f16", DType::float16},
    ShortForm{"fp16", DType::float16},
    ShortForm{"bf16", DType::bfloat16},
    ShortForm{"boolean", DType::boolean},
    ShortForm{"i8", DType::int8},
    ShortForm{"i16", DType::int16},
    ShortForm{"i32", DType::int32},
    ShortForm{"i64", DType::int64},
    ShortForm{"u8", DType::uint8},
    ShortForm{"u16", DType::uint16},
    ShortForm{"u32", DType::uint32},
    ShortForm{"u64", DType::uint64},
    ShortForm{"i4", DType::int4},
    ShortForm{"u4", DType::uint4},
    ShortForm{"i2", DType::int2},
    ShortForm{"u2", DType::uint2},
    ShortForm{"int", DType::int32},
    ShortForm{"long", DType::int64},
    ShortForm{"byte", DType::uint8},
    ShortForm{"str", DType::string},
    ShortForm{"c64", DType::complex64},
    ShortForm{"c128", DType::complex128},
    ShortForm{"f8e4m3fn", DType::float8e4m3fn},
    ShortForm{"fp8e4m3fn", DType::float8e4m3fn},
    ShortForm{"f8e4m3fnuz", DType::float8e4m3fnuz},
    ShortForm{"fp8e4m3fnuz", DType::float8e4m3fnuz},
    ShortForm{"f8e5m2", DType::float8e5m2},
    ShortForm{"fp8e5m2", DType::float8e5m2},
    ShortForm{"f8e5m2fnuz", DType::float8e5m2fnuz},
    ShortForm{"fp8e5m2fnuz", DType::float8e5m2fnuz},
    ShortForm{"f8e8m0", DType::float8e8m0},
    ShortForm{"fp8e8m0", DType::float8e8m0},
    ShortForm{"f4e2m1", DType::float4e2m1},
    ShortForm{"fp4e2m1", DType::float4e2m1},
};

bool equal_in_any_case(std::string_view text, std::string_view lower) noexcept {
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [&](char a, char b) { return lowered(a) == b; });
}

// A value that was cast without `dtype_from_onnx` counts as undefined.
const Properties& properties(DType dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  return kProperties[index < kProperties.size() ? index : 0];
}

}  // namespace

std::span<const DType> all_dtypes() noexcept { return kAll; }

std::string_view to_string(DType dtype) noexcept { return properties(dtype).name; }

std::optional<DType> parse_dtype(std::string_view text) noexcept {
  for (const DType dtype : kAll) {
    if (equal_in_any_case(text, to_string(dtype))) return dtype;
  }
  for (const ShortForm& form : kShortForms) {
    if (equal_in_any_case(text, form.text)) return form.dtype;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_onnx(std::int64_t number) noexcept {
  if (number < 0 || number >= static_cast<std::int64_t>(kProperties.size())) return std::nullopt;
  return static_cast<DType>(number);
}

std::size_t bits(DType dtype) noexcept { return properties(dtype).bits; }

bool is_fixed_size(DType dtype) noexcept { return bits(dtype) != 0; }

std::size_t byte_size(DType dtype, std::size_t elements) {
  const std::size_t width = bits(dtype);
  if (width == 0) {
    throw Error(ErrorCode::invalid_argument,
                "dtype " + std::string(to_string(dtype)) + " has no fixed size in bytes");
  }
  if (width < 8) return elements / (8 / width) + (elements % (8 / width) != 0 ? 1 : 0);
  const std::size_t each = width / 8;
  if (elements > std::numeric_limits<std::size_t>::max() / each) {
    throw Error(ErrorCode::invalid_argument, std::to_string(elements) + " elements of " +
                                                 std::string(to_string(dtype)) +
                                                 " are more bytes than this machine can address");
  }
  return elements * each;
}

}  // namespace onda
