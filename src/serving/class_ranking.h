#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "onda/dtype.h"
#include "onda/session.h"
#include "onda/tensor.h"

namespace onda::serving {

struct RankedClass {
  std::size_t index = 0;
  double score = 0;
};

/// Whether elements are real numbers, which can be ranked: all but strings and complex numbers.
[[nodiscard]] bool has_scores(DType dtype) noexcept;

/// exp(x - max) / sum; a row of only -Infinity, or with a NaN, gives NaN.
[[nodiscard]] std::vector<double> softmax(std::span<const double> scores);

/// Whether each is from 0 to 1, and their sum is 1, give or take `tolerance`: what a softmax gives.
[[nodiscard]] bool are_probabilities(std::span<const double> scores, double tolerance) noexcept;

/// The `count` highest, highest first, of equal ones the lower index first; NaN comes last.
[[nodiscard]] std::vector<RankedClass> top_k(std::span<const double> scores, std::size_t count);

/// The scores of an output, one row an image. Classes are the last dimension, or the second one where only 1s
/// follow it ([N,1000,1,1]); all dimensions before it are rows. Throws type_mismatch for strings and complex
/// numbers, shape_mismatch for a scalar, and where there are no classes.
[[nodiscard]] std::vector<std::vector<double>> score_rows(const TensorView& output);

/// Which output to rank: the only one; else the first of a number type and at least one dimension whose
/// classes are `classes` many (0: any number). Throws failed_precondition where none is.
[[nodiscard]] std::size_t ranked_output(std::span<const NamedTensor> outputs, std::size_t classes);

}  // namespace onda::serving
