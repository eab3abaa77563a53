#pragma once

#include <onnxruntime_c_api.h>

#include <string_view>

#include "onda/dtype.h"

namespace onda::runtime {

/// ONNX Runtime numbers the newest element types otherwise than ONNX does. `undefined` for what this header
/// does not know.
[[nodiscard]] DType from_element_type(ONNXTensorElementDataType type) noexcept;
[[nodiscard]] ONNXTensorElementDataType to_element_type(DType dtype) noexcept;

}  // namespace onda::runtime
