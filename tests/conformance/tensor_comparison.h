#pragma once

#include <string>

#include "onda/tensor.h"

namespace onda::test {

/// As ONNX's own backend runner compares: |actual - expected| <= absolute + relative * |expected|, NaN equal
/// to NaN. An infinite absolute tolerance accepts all elements: dtype and shape are compared alone.
struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

/// What tells the two apart: dtype, shape, or the first element that differs; empty where nothing does.
/// Floats and complex numbers are compared within the tolerance, all else exactly (8-bit floats too).
[[nodiscard]] std::string difference(const TensorView& expected, const TensorView& actual,
                                     const Tolerance& tolerance = {});

}  // namespace onda::test
