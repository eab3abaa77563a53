#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "onda/allocator.h"
#include "onda/tensor.h"

namespace onda::tensor {

/// Whether a file starts as NumPy's .npy files do.
[[nodiscard]] bool is_npy(std::span<const std::byte> file) noexcept;

/// The array of an .npy file as a tensor in C order. Booleans, integers, floats and complex numbers of either
/// byte order; text ('U', 'S') as strings in UTF-8, without the NULs that pad it. Nothing is allocated before
/// the file is known to hold as many bytes as its header says. Throws data_loss (malformed, cut short, code
/// points that are none), invalid_argument (bytes behind the array, a shape that is none), unimplemented
/// (objects, structures, types that ONNX lacks), resource_exhausted.
[[nodiscard]] Tensor read_npy(std::span<const std::byte> file,
                              std::shared_ptr<Allocator> allocator = system_allocator());

/// The bytes that NumPy's own `save` writes for the tensor: version 1, little-endian, C order; strings as
/// 'U', or as 'S' where they are not all UTF-8. Throws unimplemented for dtypes that NumPy lacks (bfloat16,
/// 8-bit floats, packed types) and for strings that end in NUL, which NumPy would lose.
[[nodiscard]] std::vector<std::byte> write_npy(const TensorView& view);

}  // namespace onda::tensor
