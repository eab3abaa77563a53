#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/files.h"
#include "onda/dtype.h"
#include "onda/tensor.h"
#include "support/paths.h"

namespace onda::test {

/// A file that tools/make_tensor_samples.py wrote with NumPy or ONNX.
inline std::vector<std::byte> sample(const std::string& name) {
  return base::read_file(source_dir() / "tests/data/tensors" / name, 1U << 20U);
}

/// Whether NumPy has the dtype, so that samples in .npy exist.
inline bool is_in_numpy(DType dtype) {
  return dtype <= DType::complex128 && dtype != DType::string && dtype != DType::undefined;
}

/// A tensor of 0x00, 0x11, … with valid booleans and strings, for round trips.
inline Tensor patterned(DType dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  unsigned next = 0;
  for (auto& byte : tensor.bytes())
    byte = static_cast<std::byte>(dtype == DType::boolean ? next++ % 2 : next++ * 17);
  for (auto& text : tensor.strings()) text = std::string(next, 'x') + std::to_string(next), ++next;
  const std::size_t used = tensor.element_count() * bits(dtype) % 8;
  if (dtype != DType::string && bits(dtype) < 8 && used != 0) {
    tensor.bytes().back() &= static_cast<std::byte>((1U << used) - 1U);
  }
  return tensor;
}

}  // namespace onda::test
