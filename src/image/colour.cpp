#include "image/colour.h"

namespace onda::image {
namespace {

/// a × b / 255, rounded to nearest, without a division.
constexpr unsigned multiply_255(unsigned a, unsigned b) noexcept {
  const unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

}  // namespace

void convert_to_grey(Bitmap& image) noexcept {
  if (image.channels() == 1) return;
  const std::size_t pixels = image.width() * image.height();
  std::uint8_t* const samples = image.samples().data();
  // The grey value of pixel i goes to sample i, which pixel i and all later ones no longer need.
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* const rgb = samples + 3 * i;
    samples[i] =
        static_cast<std::uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16);
  }
  image.shrink_to_channels(1);
}

void inverted_cmyk_to_rgb(std::span<const std::uint8_t> cmyk, std::uint8_t* rgb) noexcept {
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    // Inverted, so this is 255 − black.
    const unsigned white = cmyk[4 * i + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const unsigned ink = 255U - cmyk[4 * i + channel];
      rgb[3 * i + channel] = static_cast<std::uint8_t>(white - multiply_255(ink, white));
    }
  }
}

}  // namespace onda::image
