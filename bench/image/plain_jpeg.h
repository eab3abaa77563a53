#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace onda::bench {

/// Red, green, blue, rows without gaps.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> samples;
};

/// Shades, edges and grain, the same ones each time, so that it compresses about as a photograph does.
[[nodiscard]] Picture paint(std::size_t width, std::size_t height);

/// libjpeg-turbo as its manual shows it, with its default settings. An error ends the program.
[[nodiscard]] std::vector<std::byte> encode_jpeg(const Picture& picture, int quality);
/// `picture` has room for the image.
void decode_jpeg(std::span<const std::byte> encoded, Picture& picture);

}  // namespace onda::bench
