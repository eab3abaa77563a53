#include "runtime/value.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "onda/error.h"
#include "runtime/element_type.h"
#include "runtime/scratch.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

/// What ONNX Runtime is given where there is nothing to point at; it refuses null even for no bytes.
alignas(64) std::byte no_elements[64];  // NOLINT: never written, no bytes of it are anyone's

ValueHandle value_over(const Environment& environment, DType dtype, const Shape& shape,
                       std::span<const std::byte> bytes) {
  const OrtApi& api = environment.api();
  const auto dims = shape.dims();
  // ONNX Runtime reads inputs through a pointer that is not const.
  void* data = bytes.empty()
                   ? static_cast<void*>(no_elements)
                   : const_cast<std::byte*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  OrtValue* value = nullptr;
  check(api,
        api.CreateTensorWithDataAsOrtValue(environment.cpu_memory(), data, bytes.size(), dims.data(),
                                           dims.size(), to_element_type(dtype), &value),
        "make a tensor");
  return {value, {&api}};
}

ValueHandle string_value(const Environment& environment, const TensorView& view) {
  const OrtApi& api = environment.api();
  const auto dims = view.shape().dims();
  OrtValue* raw = nullptr;
  check(api,
        api.CreateTensorAsOrtValue(environment.allocator(), dims.data(), dims.size(),
                                   ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &raw),
        "make a tensor of strings");
  ValueHandle value(raw, {&api});
  for (std::size_t i = 0; i < view.strings().size(); ++i) {
    const std::string& text = view.strings()[i];
    // Element by element and with a length: FillStringTensor would cut a string at its first NUL.
    char* buffer = nullptr;
    check(api, api.GetResizedStringTensorElementBuffer(raw, i, text.size(), &buffer),
          "fill a tensor of strings");
    std::copy(text.begin(), text.end(), buffer);
  }
  return value;
}

Tensor string_tensor(const Environment& environment, const OrtValue& value, Shape shape) {
  const OrtApi& api = environment.api();
  const std::size_t count = shape.element_count();
  std::size_t bytes = 0;
  check(api, api.GetStringTensorDataLength(&value, &bytes), "measure a tensor of strings");
  std::string all(bytes, '\0');
  std::vector<std::size_t> offsets(count);
  check(api, api.GetStringTensorContent(&value, all.data(), bytes, offsets.data(), count),
        "read a tensor of strings");
  std::vector<std::string> strings(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? offsets[i + 1] : bytes;
    strings[i] = all.substr(offsets[i], end - offsets[i]);
  }
  return Tensor::of_strings(std::move(shape), std::move(strings));
}

ShapeInfoHandle type_and_shape(const OrtApi& api, const OrtValue& value) {
  OrtTensorTypeAndShapeInfo* raw = nullptr;
  check(api, api.GetTensorTypeAndShape(&value, &raw), "read a tensor's type");
  return {raw, {&api}};
}

Shape shape_of(const OrtApi& api, const OrtTensorTypeAndShapeInfo& info) {
  std::size_t rank = 0;
  check(api, api.GetDimensionsCount(&info, &rank), "read a tensor's rank");
  Scratch<std::int64_t> dims(rank);
  check(api, api.GetDimensions(&info, dims.data(), rank), "read a tensor's shape");
  return Shape(std::span<const std::int64_t>(dims.data(), rank));
}

}  // namespace

ValueHandle make_input_value(const Environment& environment, const TensorView& view) {
  if (view.dtype() == DType::string) return string_value(environment, view);
  return value_over(environment, view.dtype(), view.shape(), view.bytes());
}

ValueHandle make_output_value(const Environment& environment, const MutableTensorView& view) {
  return value_over(environment, view.dtype(), view.shape(), view.bytes());
}

Shape shape_of(const Environment& environment, const OrtValue& value) {
  return shape_of(environment.api(), *type_and_shape(environment.api(), value));
}

Tensor to_tensor(const Environment& environment, ValueHandle value) {
  const OrtApi& api = environment.api();
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  check(api, api.GetValueType(value.get(), &kind), "read a value's kind");
  if (kind != ONNX_TYPE_TENSOR) throw Error(ErrorCode::unimplemented, "the output is no tensor");
  const auto info = type_and_shape(api, *value);
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  check(api, api.GetTensorElementType(info.get(), &element), "read a tensor's element type");
  const DType dtype = from_element_type(element);
  Shape shape = shape_of(api, *info);
  if (dtype == DType::string) return string_tensor(environment, *value, std::move(shape));
  if (dtype == DType::undefined) {
    throw Error(ErrorCode::unimplemented,
                "the output's element type " + std::to_string(element) + " is unknown");
  }
  void* data = nullptr;
  check(api, api.GetTensorMutableData(value.get(), &data), "read a tensor");
  const std::size_t bytes = byte_size(dtype, shape.element_count());
  std::shared_ptr<OrtValue> owner(std::move(value));
  return Tensor::adopt(dtype, std::move(shape), {static_cast<std::byte*>(data), bytes}, std::move(owner));
}

}  // namespace onda::runtime
