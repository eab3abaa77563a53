#include "onda/preprocess.h"

#include <algorithm>
#include <string>
#include <utility>

#include "image/colour.h"
#include "image/decoder.h"
#include "image/exif.h"
#include "image/geometry.h"
#include "image/layout.h"
#include "image/orientation.h"
#include "image/preprocess_steps.h"
#include "image/resize.h"
#include "onda/error.h"

namespace onda {
namespace {

ImageFormat require_format(std::span<const std::byte> encoded) {
  const auto format = sniff_image(encoded);
  if (format) return *format;
  constexpr std::size_t kShown = 8;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string begin;
  for (const std::byte byte : encoded.first(std::min(encoded.size(), kShown))) {
    const auto value = std::to_integer<std::size_t>(byte);
    begin += {' ', kDigits[value >> 4], kDigits[value & 15]};
  }
  throw Error(ErrorCode::invalid_argument, "not an image: expected a JPEG, PNG or WebP file, got " +
                                               std::to_string(encoded.size()) + " bytes" +
                                               (begin.empty() ? "" : " that begin with" + begin));
}

/// The decoded image, upright, with the channels that `steps` needs or one that stands for all of them.
image::Bitmap decode_upright(std::span<const std::byte> encoded, const Preprocess& steps,
                             const std::shared_ptr<Allocator>& allocator) {
  const ImageFormat format = require_format(encoded);
  image::Bitmap bitmap = image::decode(format, encoded, steps.max_pixels, allocator);
  if (steps.color == ColorOrder::grey) image::convert_to_grey(bitmap);
  return image::upright(std::move(bitmap), image::exif_orientation(format, encoded), allocator);
}

}  // namespace

Tensor load_image(std::span<const std::byte> encoded, const Preprocess& steps,
                  std::shared_ptr<Allocator> allocator) {
  image::require_valid(steps);
  image::Bitmap bitmap = decode_upright(encoded, steps, allocator);
  const image::Geometry geometry = image::plan_geometry(bitmap.width(), bitmap.height(), steps);
  image::BitmapView kept = bitmap.view();
  if (geometry.changes_size()) {
    bitmap = image::resize(kept, geometry, steps.max_pixels, allocator);
    kept = bitmap.view();
  } else {
    kept = kept.window(geometry.horizontal.first, geometry.vertical.first, geometry.horizontal.count,
                       geometry.vertical.count);
  }
  Tensor output(steps.dtype, image::output_shape(geometry, steps), std::move(allocator));
  image::write_tensor(kept, geometry, steps, output);
  return output;
}

}  // namespace onda
