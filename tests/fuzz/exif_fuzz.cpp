// The search for the EXIF block in each format, and the block itself. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "image/exif.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  using onda::ImageFormat;
  using onda::image::Orientation;
  Orientation found = Orientation::upright;
  switch (data[0] % 4) {
    case 0:
      found = onda::image::exif_orientation(bytes);
      break;
    case 1:
      found = onda::image::exif_orientation(ImageFormat::jpeg, bytes);
      break;
    case 2:
      found = onda::image::exif_orientation(ImageFormat::png, bytes);
      break;
    default:
      found = onda::image::exif_orientation(ImageFormat::webp, bytes);
      break;
  }
  if (found < Orientation::upright || found > Orientation::rotate_counterclockwise) std::abort();
  return 0;
}
