#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/preprocess_flags.h"
#include "onda/preprocess.h"
#include "onda/session.h"
#include "onda/shape.h"
#include "onda/tensor.h"

namespace onda::cli {

/// How a file becomes the tensor of one input.
struct InputOptions {
  std::optional<Shape> shape;  ///< of the elements in the file; may hold one -1
  std::optional<DType> dtype;  ///< of raw data
  ShapePolicy policy = ShapePolicy::reshape;
  Preprocess steps;
};

struct LoadedInput {
  Tensor tensor;
  /// What an image went through, with what the model settled; empty for other files.
  std::optional<Preprocess> preprocess;
};

/// The whole of `file`, or of standard input for "-". Throws what `base::read_file` throws.
[[nodiscard]] std::vector<std::byte> read_input_bytes(const std::string& file);

/// The tensor that `bytes`, the content of `file`, are for `declared`. Errors name the file; the dtype must
/// be the declared one (type_mismatch), the shape must fit it by `options.policy` (shape_mismatch).
[[nodiscard]] LoadedInput load_input(const std::string& file, std::span<const std::byte> bytes,
                                     const ValueInfo& declared, const InputOptions& options);

}  // namespace onda::cli
