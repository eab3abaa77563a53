#pragma once

#include <cstddef>
#include <span>

#include "onda/preprocess.h"

namespace onda::image {

/// How the stored rows and columns stand to the picture: the values of EXIF's tag "Orientation". The name
/// says what turns the stored image into the picture.
enum class Orientation {
  upright = 1,
  flip_horizontal = 2,
  rotate_180 = 3,
  flip_vertical = 4,
  transpose = 5,
  rotate_clockwise = 6,
  transverse = 7,  ///< mirrored at the other diagonal
  rotate_counterclockwise = 8,
};

/// The orientation in a file's EXIF block: JPEG's first APP1 with "Exif", PNG's eXIf, WebP's EXIF chunk.
/// `upright` where there is none, where it is damaged, or where its value is none of the eight: EXIF
/// never makes an image unusable. Reads at most the file's own structure, allocates nothing; pure.
[[nodiscard]] Orientation exif_orientation(ImageFormat format, std::span<const std::byte> encoded) noexcept;

/// The same from the block itself: a TIFF header and its first directory, with or without "Exif\0\0" in
/// front.
[[nodiscard]] Orientation exif_orientation(std::span<const std::byte> block) noexcept;

}  // namespace onda::image
