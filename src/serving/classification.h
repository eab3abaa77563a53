#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "onda/dtype.h"
#include "onda/shape.h"
#include "onda/tensor.h"

namespace onda::serving {

struct ClassificationSpec {
  /// How many of the best are wanted.
  std::uint32_t classes = 0;
  /// The first dimension counts items, each of which is ranked by itself; else all elements are one item.
  bool is_batched = false;
};

/// What takes the place of an output: strings `value:index`, with `:label` where the class has one.
struct Classification {
  std::vector<std::string> strings;
  /// [batch,k] or [k]
  Shape shape;
};

/// More classes than these are not given, whatever is asked for.
inline constexpr std::uint32_t kMostClasses = 1'000'000;

/// Throws invalid_argument for an output whose elements have no order that could be told: all but FP32, FP64
/// and whole numbers. For a check before the model runs.
void require_classifiable(DType dtype);

/// The best classes of each item, best first; of equal ones the lower index first, NaN last. `labels`, by
/// index, may be empty or too few. Throws as `require_classifiable`, shape_mismatch for a batched output
/// without a dimension.
[[nodiscard]] Classification classify(const TensorView& output, const ClassificationSpec& spec,
                                      std::span<const std::string> labels);

}  // namespace onda::serving
