#include "image/orientation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace onda::image {
namespace {

/// Of the side of the squares that are transposed at a time: both images' rows of one square stay in the
/// cache.
constexpr std::size_t kTile = 32;

template <std::size_t kChannels>
void reverse_pixels(std::uint8_t* first, std::size_t count) noexcept {
  using Pixel = std::array<std::uint8_t, kChannels>;
  static_assert(sizeof(Pixel) == kChannels && alignof(Pixel) == 1);
  auto* const pixels = reinterpret_cast<Pixel*>(first);
  std::reverse(pixels, pixels + count);
}

void reverse_pixels(std::uint8_t* first, std::size_t count, std::size_t channels) noexcept {
  channels == 1 ? reverse_pixels<1>(first, count) : reverse_pixels<3>(first, count);
}

void flip_horizontal(Bitmap& image) noexcept {
  for (std::size_t y = 0; y < image.height(); ++y)
    reverse_pixels(image.row(y), image.width(), image.channels());
}

void flip_vertical(Bitmap& image) noexcept {
  for (std::size_t y = 0; y < image.height() / 2; ++y) {
    std::uint8_t* const upper = image.row(y);
    std::swap_ranges(upper, upper + image.row_bytes(), image.row(image.height() - 1 - y));
  }
}

template <std::size_t kChannels>
void transpose_tile(const Bitmap& from, Bitmap& to, std::size_t left, std::size_t top) noexcept {
  const std::size_t right = std::min(left + kTile, from.width());
  const std::size_t bottom = std::min(top + kTile, from.height());
  for (std::size_t x = left; x < right; ++x) {
    std::uint8_t* const column = to.row(x);
    for (std::size_t y = top; y < bottom; ++y) {
      std::copy_n(from.row(y) + x * kChannels, kChannels, column + y * kChannels);
    }
  }
}

Bitmap transposed(const Bitmap& image, std::shared_ptr<Allocator> allocator) {
  Bitmap result(image.height(), image.width(), image.channels(), std::move(allocator));
  for (std::size_t y = 0; y < image.height(); y += kTile) {
    for (std::size_t x = 0; x < image.width(); x += kTile) {
      image.channels() == 1 ? transpose_tile<1>(image, result, x, y) : transpose_tile<3>(image, result, x, y);
    }
  }
  return result;
}

}  // namespace

Bitmap upright(Bitmap image, Orientation orientation, std::shared_ptr<Allocator> allocator) {
  // Every one is a transposition or none, and then a flip of rows, columns, both or none.
  switch (orientation) {
    case Orientation::upright:
      break;
    case Orientation::flip_horizontal:
      flip_horizontal(image);
      break;
    case Orientation::rotate_180:
      reverse_pixels(image.row(0), image.width() * image.height(), image.channels());
      break;
    case Orientation::flip_vertical:
      flip_vertical(image);
      break;
    case Orientation::transpose:
      image = transposed(image, std::move(allocator));
      break;
    case Orientation::rotate_clockwise:
      image = transposed(image, std::move(allocator));
      flip_horizontal(image);
      break;
    case Orientation::transverse:
      image = transposed(image, std::move(allocator));
      reverse_pixels(image.row(0), image.width() * image.height(), image.channels());
      break;
    case Orientation::rotate_counterclockwise:
      image = transposed(image, std::move(allocator));
      flip_vertical(image);
      break;
  }
  return image;
}

}  // namespace onda::image
