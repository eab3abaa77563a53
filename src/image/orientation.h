#pragma once

#include <memory>

#include "image/bitmap.h"
#include "image/exif.h"

namespace onda::image {

/// The picture that the stored image stands for. Flips and the half turn work in place; the four that
/// exchange rows and columns need a second image of the same size from `allocator`. Throws
/// resource_exhausted.
[[nodiscard]] Bitmap upright(Bitmap image, Orientation orientation, std::shared_ptr<Allocator> allocator);

}  // namespace onda::image
