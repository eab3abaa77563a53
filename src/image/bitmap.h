#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "onda/allocator.h"
#include "onda/tensor.h"

namespace onda::image {

/// A rectangle of interleaved 8-bit samples that someone else owns: 1 channel (grey) or 3 (red, green, blue).
struct BitmapView {
  const std::uint8_t* samples = nullptr;
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 0;
  std::size_t row_bytes = 0;  ///< from one row's start to the next one's

  [[nodiscard]] const std::uint8_t* row(std::size_t y) const noexcept { return samples + y * row_bytes; }
  /// The part of it that begins at (x, y); it must lie inside.
  [[nodiscard]] BitmapView window(std::size_t x, std::size_t y, std::size_t part_width,
                                  std::size_t part_height) const noexcept;
};

/// An image of interleaved 8-bit samples, rows without gaps. Moves, does not copy.
class Bitmap {
 public:
  Bitmap() = default;
  /// Uninitialised samples. Throws resource_exhausted.
  Bitmap(std::size_t width, std::size_t height, std::size_t channels, std::shared_ptr<Allocator> allocator);

  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] std::size_t height() const noexcept { return height_; }
  [[nodiscard]] std::size_t channels() const noexcept { return channels_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return width_ * channels_; }
  [[nodiscard]] std::uint8_t* row(std::size_t y) noexcept { return data() + y * row_bytes(); }
  [[nodiscard]] const std::uint8_t* row(std::size_t y) const noexcept { return data() + y * row_bytes(); }
  [[nodiscard]] std::span<std::uint8_t> samples() noexcept { return {data(), row_bytes() * height_}; }
  /// Borrows; valid as long as this image.
  [[nodiscard]] BitmapView view() const noexcept;

  /// Fewer channels in the same memory: samples were rewritten in place, the rest of the buffer is left over.
  void shrink_to_channels(std::size_t channels) noexcept { channels_ = channels; }

 private:
  [[nodiscard]] std::uint8_t* data() noexcept {
    return reinterpret_cast<std::uint8_t*>(buffer_.bytes().data());
  }
  [[nodiscard]] const std::uint8_t* data() const noexcept {
    return reinterpret_cast<const std::uint8_t*>(buffer_.bytes().data());
  }

  std::size_t width_ = 0;
  std::size_t height_ = 0;
  std::size_t channels_ = 0;
  Tensor buffer_;
};

}  // namespace onda::image
