#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "onda/shape.h"
#include "onda/tensor.h"
#include "protocol/decoded_inference.h"
#include "protocol/json_cursor.h"

namespace onda::protocol {

/// What a client says about the tensor that follows.
struct JsonTensor {
  std::string_view input;  ///< its name, for messages
  DType dtype = DType::undefined;
  const Shape& shape;
};

/// Reads the value of `data`: an array of `tensor.shape`'s elements, flat or nested in any way; only the
/// leaves count. The elements lie in `storage`. Nothing is allocated for a shape that the text cannot fill.
///
/// Integers are literals without fraction and exponent that fit the type; FP32 and FP64 are any numbers,
/// rounded to the nearest, and NaN, Infinity, -Infinity; BYTES are strings. Throws invalid_argument for
/// anything else, for a count that differs from the shape's, for nesting deeper than JsonCursor::kMaxDepth,
/// and for half floats.
[[nodiscard]] TensorView read_json_tensor(JsonCursor& cursor, const JsonTensor& tensor,
                                          DecodedStorage& storage);

}  // namespace onda::protocol
