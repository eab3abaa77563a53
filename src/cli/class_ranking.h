#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "onda/session.h"
#include "onda/tensor.h"

namespace onda::cli {

struct RankedClass {
  std::size_t index = 0;
  double score = 0;
};

/// exp(x - max) / sum; a row of only -Infinity, or with a NaN, gives NaN.
[[nodiscard]] std::vector<double> softmax(std::span<const double> scores);

/// The `count` highest, highest first, of equal ones the lower index first; NaN comes last.
[[nodiscard]] std::vector<RankedClass> top_k(std::span<const double> scores, std::size_t count);

/// The scores of an output, one row an image. Classes are the last dimension, or the second one where only 1s
/// follow it ([N,1000,1,1]); all dimensions before it are rows. Throws type_mismatch for strings and complex
/// numbers, shape_mismatch for a scalar, and where there are no classes.
[[nodiscard]] std::vector<std::vector<double>> score_rows(const TensorView& output);

/// Which output to rank: the only one; else the first of a number type and at least one dimension whose
/// classes are `classes` many (0: any number). Throws failed_precondition where none is.
[[nodiscard]] std::size_t ranked_output(std::span<const NamedTensor> outputs, std::size_t classes);

/// The lines of a file, spaces at their ends dropped, empty lines at the end too. At most 64 MB.
[[nodiscard]] std::vector<std::string> read_labels(const std::filesystem::path& file);

}  // namespace onda::cli
