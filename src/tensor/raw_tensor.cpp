#include "tensor/raw_tensor.h"

#include <algorithm>
#include <limits>
#include <string>

#include "onda/error.h"

namespace onda::tensor {
namespace {

// A packed type's last byte may be filled in part, so bytes alone tell its count only up to a byte.
std::size_t elements_in(std::size_t bytes, DType dtype) {
  const std::size_t width = bits(dtype);
  if (width < 8) {
    if (bytes > std::numeric_limits<std::size_t>::max() / 8) {
      throw Error(ErrorCode::invalid_argument,
                  std::to_string(bytes) + " bytes are more than a shape can hold");
    }
    return bytes * (8 / width);
  }
  if (bytes % (width / 8) == 0) return bytes / (width / 8);
  throw Error(ErrorCode::shape_mismatch, std::to_string(bytes) + " bytes are no whole number of " +
                                             std::string(to_string(dtype)) + ", which takes " +
                                             std::to_string(width / 8));
}

}  // namespace

Tensor read_raw_tensor(std::span<const std::byte> bytes, DType dtype, const Shape& shape,
                       std::shared_ptr<Allocator> allocator) {
  if (!is_fixed_size(dtype)) {
    throw Error(ErrorCode::type_mismatch,
                "raw data cannot hold " + std::string(to_string(dtype)) + "; give them as JSON, .npy or .pb");
  }
  Shape whole = shape;
  if (std::ranges::count(shape.dims(), Shape::kDynamic) != 0) {
    const std::size_t elements = elements_in(bytes.size(), dtype);
    whole = resolve_shape(shape, elements, shape, ShapePolicy::strict).given;
  }
  Tensor tensor = Tensor::copy_of(TensorView(dtype, whole, bytes), std::move(allocator));
  if (dtype == DType::boolean) {
    for (std::byte& value : tensor.bytes()) value = std::byte{value != std::byte{0}};
  }
  return tensor;
}

}  // namespace onda::tensor
