#include "serving/tensor_reshape.h"

#include <utility>
#include <vector>

#include "onda/error.h"

namespace onda::serving {
namespace {

/// `shape`, which is one of `from`, as one of `to`.
Shape convert(const Shape& shape, const Shape& from, const Shape& to, bool is_batched) {
  const std::size_t skipped = is_batched ? 1 : 0;
  const auto refuse = [&] {
    throw Error(ErrorCode::internal, "shape " + to_string(shape) + " does not fit the configured " +
                                         to_string(from) +
                                         (is_batched ? " with a batch dimension in front" : ""));
  };
  if (shape.rank() != from.rank() + skipped) refuse();
  std::vector<std::int64_t> dims;
  dims.reserve(to.rank() + skipped);
  if (is_batched) dims.push_back(shape[0]);
  std::size_t axis = 0;
  for (const std::int64_t size : to.dims()) {
    if (size != Shape::kDynamic) {
      dims.push_back(size);
      continue;
    }
    while (axis < from.rank() && from[axis] != Shape::kDynamic) ++axis;
    if (axis == from.rank()) refuse();
    dims.push_back(shape[axis + skipped]);
    ++axis;
  }
  Shape converted{std::span<const std::int64_t>(dims)};
  if (converted.element_count() != shape.element_count()) refuse();
  return converted;
}

}  // namespace

TensorReshape::TensorReshape(Shape clients, Shape models, bool is_batched)
    : shapes_(Both{std::move(clients), std::move(models)}), is_batched_(is_batched) {}

Shape TensorReshape::to_model(const Shape& shape) const {
  return shapes_ ? convert(shape, shapes_->clients, shapes_->models, is_batched_) : shape;
}

Shape TensorReshape::to_client(const Shape& shape) const {
  return shapes_ ? convert(shape, shapes_->models, shapes_->clients, is_batched_) : shape;
}

}  // namespace onda::serving
