#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "image/bitmap.h"
#include "onda/preprocess.h"

namespace onda::image {

/// Decoders of the three formats. All give 1 channel for an image that is grey in its file and 3 (red, green,
/// blue) for every other; alpha is dropped without compositing, ICC profiles and gamma are ignored, 16-bit
/// samples are shifted right by 8. The sample values are those of Pillow's `convert('RGB')`. The image stands
/// as it does in the file: EXIF orientation is not applied.
///
/// `max_pixels` is compared with the header's size before anything is allocated for pixels. Throws
/// resource_exhausted (too many pixels, no memory), data_loss (damaged or cut short; a file that misses its
/// end is cut short also where all pixels are there, except that a PNG may lack what follows its pixels),
/// invalid_argument (a kind of the format that is not supported). Nothing is printed. Safe from any thread.

[[nodiscard]] Bitmap decode_jpeg(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                                 std::shared_ptr<Allocator> allocator);
[[nodiscard]] Bitmap decode_png(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                                std::shared_ptr<Allocator> allocator);
[[nodiscard]] Bitmap decode_webp(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                                 std::shared_ptr<Allocator> allocator);

[[nodiscard]] Bitmap decode(ImageFormat format, std::span<const std::byte> encoded, std::uint64_t max_pixels,
                            std::shared_ptr<Allocator> allocator);

}  // namespace onda::image
