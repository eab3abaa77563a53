#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/allocator.h"
#include "onda/tensor.h"

namespace onda::tensor {

struct NamedTensorProto {
  std::string name;  ///< may be empty
  Tensor tensor;
};

/// Reads ONNX's `TensorProto` message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): raw data or
/// the typed fields, packed or not, every dtype. What is allocated is bounded by the message's own size.
/// Throws data_loss (no TensorProto, cut short, values that do not fill the shape or do not fit the dtype),
/// unimplemented (external data, segments, a dtype that ONNX does not define), invalid_argument (a shape that
/// is none), resource_exhausted.
[[nodiscard]] NamedTensorProto read_tensor_proto(std::span<const std::byte> message,
                                                 std::shared_ptr<Allocator> allocator = system_allocator());

/// The message as ONNX's own tools write it: dims, data type, name, then raw data or strings.
/// Throws invalid_argument for an empty view.
[[nodiscard]] std::vector<std::byte> write_tensor_proto(const TensorView& view, std::string_view name = {});

}  // namespace onda::tensor
