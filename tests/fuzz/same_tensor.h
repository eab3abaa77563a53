#pragma once

#include <algorithm>

#include "onda/tensor.h"

namespace onda::fuzz {

/// The same dtype, shape and elements, bit by bit. Fuzz targets link no test framework.
inline bool same_tensor(const TensorView& a, const TensorView& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes()) &&
         std::ranges::equal(a.strings(), b.strings());
}

}  // namespace onda::fuzz
