#pragma once

#include <cstdint>
#include <memory>

#include "image/bitmap.h"
#include "image/geometry.h"

namespace onda::image {

/// The part of the bilinearly resized image (with antialiasing: the filter grows with the reduction) that the
/// plans keep, without padding. Two passes, rows first, 8-bit samples between them, and 22-bit fixed-point
/// weights, which is what Pillow's `resize(…, BILINEAR)` does, so the samples are the same ones. Only what is
/// kept is computed. An axis whose size does not change is not filtered, but cut; at least one changes.
/// Throws resource_exhausted (no memory; more than `max_pixels` between the passes).
[[nodiscard]] Bitmap resize(const BitmapView& source, const Geometry& geometry, std::uint64_t max_pixels,
                            const std::shared_ptr<Allocator>& allocator);

}  // namespace onda::image
