#pragma once

#include <cstdint>
#include <optional>

#include "onda/preprocess.h"

namespace onda::image {

/// What becomes of one axis of an image: `source` samples are resized to `resized`, of which `count` from
/// `first` on are kept, behind `padding` black ones, in an output of `output` samples.
struct AxisPlan {
  std::uint64_t source = 0;
  std::uint64_t resized = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t padding = 0;
  std::uint64_t output = 0;
};

struct Geometry {
  AxisPlan horizontal;
  AxisPlan vertical;

  [[nodiscard]] bool changes_size() const noexcept {
    return horizontal.resized != horizontal.source || vertical.resized != vertical.source;
  }
};

/// The sizes and offsets of `steps` for an upright image, rounded as torchvision's `Resize` and `CenterCrop`
/// round them for a Pillow image. `steps` has been checked: no negative size, no crop or exact resize to 0.
/// Throws resource_exhausted when what is kept has more than `steps.max_pixels`.
[[nodiscard]] Geometry plan_geometry(std::uint64_t width, std::uint64_t height, const Preprocess& steps);

}  // namespace onda::image
