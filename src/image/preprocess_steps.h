#pragma once

#include "onda/preprocess.h"

namespace onda::image {

/// Whether images can be converted to it: float32, float16, float64, uint8 and int8.
[[nodiscard]] bool is_image_dtype(DType dtype) noexcept;

/// Throws invalid_argument for steps that cannot be carried out: sizes that are none, a dtype that images are
/// not converted to, a standard deviation of 0 or numbers that are not finite.
void require_valid(const Preprocess& steps);

}  // namespace onda::image
