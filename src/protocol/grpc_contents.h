#pragma once

#include <span>
#include <string_view>

#include "onda/dtype.h"
#include "onda/shape.h"
#include "onda/tensor.h"
#include "protocol/decoded_inference.h"
#include "protocol/grpc_wire.h"

namespace onda::protocol {

/// What an input's `contents` are decoded as.
struct ContentsOf {
  std::string_view input;
  std::string_view model;
  DType dtype = DType::undefined;
  const Shape& shape;
};

/// The elements of InferTensorContents messages, which count as one, as a tensor in `storage`. Throws
/// invalid_argument where a field of another type is filled, a number does not fit, or there are not as many
/// as the shape says. Nothing is allocated before there are.
[[nodiscard]] TensorView decode_contents(Slices slices, std::span<const WireExtent> contents,
                                         const ContentsOf& of, DecodedStorage& storage);

}  // namespace onda::protocol
