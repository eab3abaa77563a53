#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "onda/allocator.h"
#include "onda/tensor.h"

namespace onda::tensor {

/// A copy of elements that come without a header: C order, little-endian, packed types without gaps. One
/// dimension of `shape` may be dynamic and follows from the count of bytes. Throws type_mismatch (strings),
/// shape_mismatch (bytes that do not fill the shape), invalid_argument (a shape that is none),
/// resource_exhausted.
[[nodiscard]] Tensor read_raw_tensor(std::span<const std::byte> bytes, DType dtype, const Shape& shape,
                                     std::shared_ptr<Allocator> allocator = system_allocator());

}  // namespace onda::tensor
