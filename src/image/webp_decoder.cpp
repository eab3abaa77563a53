#include <webp/decode.h>

#include <string>
#include <utility>

#include "image/byte_reader.h"
#include "image/decoder.h"
#include "image/size_limit.h"
#include "onda/error.h"

namespace onda::image {
namespace {

void require_ok(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OK:
      return;
    case VP8_STATUS_OUT_OF_MEMORY:
      throw Error(ErrorCode::resource_exhausted, "WebP image: no memory to decode it");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      throw Error(ErrorCode::data_loss, "WebP image: the file is cut short");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      throw Error(ErrorCode::invalid_argument, "WebP image: it uses a feature that is not supported");
    default:
      throw Error(ErrorCode::data_loss, "WebP image: the data are damaged");
  }
}

/// libwebp is content when the picture's own chunk is whole; what was cut off behind it may be its
/// orientation.
void require_whole(std::span<const std::byte> encoded) {
  const auto announced = ByteReader(encoded, false).u32(4);
  if (!announced || *announced > encoded.size() - 8) require_ok(VP8_STATUS_NOT_ENOUGH_DATA);
}

}  // namespace

Bitmap decode_webp(std::span<const std::byte> encoded, std::uint64_t max_pixels,
                   std::shared_ptr<Allocator> allocator) {
  require_whole(encoded);
  const auto* const data = reinterpret_cast<const std::uint8_t*>(encoded.data());
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    throw Error(ErrorCode::internal, "WebP image: libwebp is not the version that Onda was built for");
  }
  require_ok(WebPGetFeatures(data, encoded.size(), &config.input));
  if (config.input.has_animation != 0) {
    throw Error(ErrorCode::invalid_argument, "WebP image: it is an animation; expected a single picture");
  }
  const auto width = static_cast<std::size_t>(config.input.width);
  const auto height = static_cast<std::size_t>(config.input.height);
  require_size_within(width, height, max_pixels, "the WebP image");

  Bitmap image(width, height, 3, std::move(allocator));
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.row(0);
  config.output.u.RGBA.stride = static_cast<int>(image.row_bytes());
  config.output.u.RGBA.size = image.samples().size();
  require_ok(WebPDecode(data, encoded.size(), &config));
  return image;
}

}  // namespace onda::image
