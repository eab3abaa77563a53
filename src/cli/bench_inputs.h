#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "onda/session.h"
#include "onda/tensor.h"

namespace onda::cli {

/// The sizes that stand for a model's dynamic dimensions.
struct DimensionSizes {
  std::int64_t batch = 1;                     ///< the first dimension, where it is dynamic
  std::map<std::string, std::int64_t> named;  ///< the others, by name; 1 where they are not there
};

/// `declared` with every dynamic dimension settled. A name that the first dimension of any input has is the
/// batch wherever it stands, unless `named` says otherwise. Throws invalid_argument for a batch above 1 where
/// no input has a dynamic first dimension, and for a name in `named` that no input has.
[[nodiscard]] std::vector<Shape> settle_shapes(std::span<const ValueInfo> inputs,
                                               const DimensionSizes& sizes);

/// The names of dynamic dimensions that `settle_shapes` took as 1 for want of a size, each once.
[[nodiscard]] std::vector<std::string> guessed_dimensions(std::span<const ValueInfo> inputs,
                                                          const DimensionSizes& sizes);

/// `given` with its first dimension, where the model leaves that open, repeated to that of `settled`, i.e. to
/// the batch. Throws shape_mismatch where it is neither 1 nor that: the figures would be of another batch.
[[nodiscard]] Tensor repeat_to_batch(const Tensor& given, const ValueInfo& declared, const Shape& settled);

/// Random elements: real numbers in [0,1), bytes of 0 to 255, other whole numbers 0 or 1 (they may be
/// indices), true or false, the string "a"; zero for other types. The same for the same seed.
[[nodiscard]] Tensor random_tensor(DType dtype, const Shape& shape, std::uint64_t seed);

}  // namespace onda::cli
