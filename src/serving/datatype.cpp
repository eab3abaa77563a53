#include "serving/datatype.h"

#include <array>
#include <utility>

namespace onda::serving {
namespace {

constexpr std::array<std::pair<std::string_view, DType>, 14> kNames = {{{"FP32", DType::float32},
                                                                        {"INT64", DType::int64},
                                                                        {"INT32", DType::int32},
                                                                        {"UINT8", DType::uint8},
                                                                        {"BYTES", DType::string},
                                                                        {"BOOL", DType::boolean},
                                                                        {"FP16", DType::float16},
                                                                        {"FP64", DType::float64},
                                                                        {"INT8", DType::int8},
                                                                        {"INT16", DType::int16},
                                                                        {"UINT16", DType::uint16},
                                                                        {"UINT32", DType::uint32},
                                                                        {"UINT64", DType::uint64},
                                                                        {"BF16", DType::bfloat16}}};

}  // namespace

std::string_view datatype_name(DType dtype) noexcept {
  for (const auto& [name, value] : kNames) {
    if (value == dtype) return name;
  }
  return "";
}

std::optional<DType> parse_datatype(std::string_view name) noexcept {
  for (const auto& [known, value] : kNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace onda::serving
