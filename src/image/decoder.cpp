#include "image/decoder.h"

#include <utility>

#include "onda/error.h"

namespace onda::image {

Bitmap decode(ImageFormat format, std::span<const std::byte> encoded, std::uint64_t max_pixels,
              std::shared_ptr<Allocator> allocator) {
  switch (format) {
    case ImageFormat::jpeg:
      return decode_jpeg(encoded, max_pixels, std::move(allocator));
    case ImageFormat::png:
      return decode_png(encoded, max_pixels, std::move(allocator));
    case ImageFormat::webp:
      return decode_webp(encoded, max_pixels, std::move(allocator));
  }
  throw Error(ErrorCode::internal, "an image format without a decoder");
}

}  // namespace onda::image
