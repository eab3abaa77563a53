#pragma once

#include "image/bitmap.h"
#include "image/geometry.h"
#include "onda/preprocess.h"
#include "onda/tensor.h"

namespace onda::image {

/// How many channels `steps` gives.
[[nodiscard]] constexpr std::size_t output_channels(const Preprocess& steps) noexcept {
  return steps.color == ColorOrder::grey ? 1 : 3;
}

/// [1,C,H,W] or [1,H,W,C].
[[nodiscard]] Shape output_shape(const Geometry& geometry, const Preprocess& steps);

/// The last steps: channel order, scale, mean and std, layout, dtype and black padding. `kept` is the part of
/// the image that `geometry` keeps, with 1 channel or as many as `steps` gives (a grey image is repeated);
/// `output` has `output_shape` and the dtype of `steps`.
void write_tensor(const BitmapView& kept, const Geometry& geometry, const Preprocess& steps, Tensor& output);

}  // namespace onda::image
