#include "serving/class_ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tensor/element_value.h"

namespace onda::serving {
namespace {

/// The dimension that counts the classes.
std::size_t class_axis(const Shape& shape) {
  std::size_t axis = shape.rank() - 1;
  while (axis > 1 && shape[axis] == 1) --axis;
  return axis;
}

bool can_be_ranked(const Tensor& tensor, std::size_t classes) {
  if (!has_scores(tensor.dtype()) || tensor.shape().rank() == 0 || tensor.element_count() == 0) return false;
  const auto here = static_cast<std::size_t>(tensor.shape()[class_axis(tensor.shape())]);
  return classes == 0 || here == classes;
}

}  // namespace

bool has_scores(DType dtype) noexcept {
  return is_fixed_size(dtype) && dtype != DType::complex64 && dtype != DType::complex128;
}

std::vector<double> softmax(std::span<const double> scores) {
  std::vector<double> result(scores.begin(), scores.end());
  if (result.empty()) return result;
  const double highest = *std::max_element(result.begin(), result.end());
  double sum = 0;
  for (auto& value : result) {
    value = std::exp(value - highest);
    sum += value;
  }
  for (auto& value : result) value /= sum;
  return result;
}

bool are_probabilities(std::span<const double> scores, double tolerance) noexcept {
  double sum = 0;
  for (const double score : scores) {
    // Written so that NaN is none.
    if (!(score >= 0 && score <= 1 + tolerance)) return false;
    sum += score;
  }
  return std::abs(sum - 1) <= tolerance;
}

std::vector<RankedClass> top_k(std::span<const double> scores, std::size_t count) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto rank = [&scores](std::size_t i) {
    return std::isnan(scores[i]) ? -std::numeric_limits<double>::infinity() : scores[i];
  };
  const auto is_before = [&](std::size_t a, std::size_t b) {
    if (std::isnan(scores[a]) != std::isnan(scores[b])) return std::isnan(scores[b]);
    if (rank(a) != rank(b)) return rank(a) > rank(b);
    return a < b;
  };
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    is_before);
  std::vector<RankedClass> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back({order[i], scores[order[i]]});
  return result;
}

std::vector<std::vector<double>> score_rows(const TensorView& output) {
  if (!has_scores(output.dtype())) {
    throw Error(ErrorCode::type_mismatch,
                "cannot be ranked: its elements are " + std::string(to_string(output.dtype())));
  }
  if (output.shape().rank() == 0 || output.element_count() == 0) {
    throw Error(ErrorCode::shape_mismatch,
                "cannot be ranked: shape " + to_string(output.shape()) + " has no classes");
  }
  const auto classes = static_cast<std::size_t>(output.shape()[class_axis(output.shape())]);
  std::vector<std::vector<double>> rows(output.element_count() / classes);
  std::size_t next = 0;
  for (auto& row : rows) {
    row.reserve(classes);
    for (std::size_t i = 0; i < classes; ++i) row.push_back(tensor::element_value(output, next++));
  }
  return rows;
}

std::size_t ranked_output(std::span<const NamedTensor> outputs, std::size_t classes) {
  if (outputs.size() == 1) return 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (can_be_ranked(outputs[i].tensor, classes)) return i;
  }
  throw Error(
      ErrorCode::failed_precondition,
      "none of the model's outputs can be ranked" +
          (classes > 0 ? " (the labels name " + std::to_string(classes) + " classes)" : std::string()));
}

}  // namespace onda::serving
