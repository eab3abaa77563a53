#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "onda/shape.h"
#include "onda/tensor.h"
#include "protocol/decoded_inference.h"

namespace onda::protocol {

/// The input, and the model, that raw bytes are for: for messages.
struct RawTensorOf {
  std::string_view input;
  std::string_view model;
};

/// What the client says about the bytes.
struct RawTensorType {
  DType dtype = DType::undefined;
  const Shape& shape;
};

/// A client's raw bytes as a tensor: a view of them, but for BYTES, whose strings lie in `storage`. Throws
/// invalid_argument where they are not exactly the elements of the shape, and for a BOOL other than 0 and 1.
[[nodiscard]] TensorView read_raw_tensor(std::span<const std::byte> raw, const RawTensorType& type,
                                         const RawTensorOf& of, DecodedStorage& storage);

/// Throws invalid_argument where a byte is neither 0 nor 1: a kernel would do with it what nobody has
/// defined.
void require_booleans(std::span<const std::byte> bytes, const RawTensorOf& of);

}  // namespace onda::protocol
