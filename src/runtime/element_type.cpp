#include "runtime/element_type.h"

#include <array>

namespace onda::runtime {
namespace {

struct Pair {
  ONNXTensorElementDataType runtime;
  DType dtype;
};

constexpr std::array<Pair, 27> kPairs = {{
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED, DType::undefined},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, DType::float32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, DType::uint8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, DType::int8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, DType::uint16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, DType::int16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, DType::int32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, DType::int64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, DType::string},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, DType::boolean},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, DType::float16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, DType::float64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, DType::uint32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, DType::uint64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX64, DType::complex64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX128, DType::complex128},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, DType::bfloat16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN, DType::float8e4m3fn},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FNUZ, DType::float8e4m3fnuz},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2, DType::float8e5m2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2FNUZ, DType::float8e5m2fnuz},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4, DType::uint4},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4, DType::int4},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT4E2M1, DType::float4e2m1},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT2, DType::uint2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT2, DType::int2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E8M0, DType::float8e8m0},
}};

constexpr bool runtime_numbers_are_indices() {
  for (std::size_t i = 0; i < kPairs.size(); ++i) {
    if (static_cast<std::size_t>(kPairs[i].runtime) != i) return false;
  }
  return true;
}
static_assert(runtime_numbers_are_indices(), "from_element_type indexes by ONNX Runtime's number");

constexpr auto kByDType = [] {
  std::array<ONNXTensorElementDataType, kPairs.size()> table{};
  for (const Pair& pair : kPairs) table[static_cast<std::size_t>(pair.dtype)] = pair.runtime;
  return table;
}();

}  // namespace

DType from_element_type(ONNXTensorElementDataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kPairs.size() ? kPairs[index].dtype : DType::undefined;
}

ONNXTensorElementDataType to_element_type(DType dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  return index < kByDType.size() ? kByDType[index] : ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

}  // namespace onda::runtime
