#include "image/bitmap.h"

#include <utility>

namespace onda::image {

BitmapView BitmapView::window(std::size_t x, std::size_t y, std::size_t part_width,
                              std::size_t part_height) const noexcept {
  BitmapView part = *this;
  part.samples = row(y) + x * channels;
  part.width = part_width;
  part.height = part_height;
  return part;
}

Bitmap::Bitmap(std::size_t width, std::size_t height, std::size_t channels,
               std::shared_ptr<Allocator> allocator)
    : width_(width),
      height_(height),
      channels_(channels),
      buffer_(DType::uint8,
              Shape{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width),
                    static_cast<std::int64_t>(channels)},
              std::move(allocator)) {}

BitmapView Bitmap::view() const noexcept { return {data(), width_, height_, channels_, row_bytes()}; }

}  // namespace onda::image
