#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "image/bitmap.h"

namespace onda::test {

/// A bitmap with these samples, row by row.
inline image::Bitmap bitmap(std::size_t width, std::size_t height, std::size_t channels,
                            const std::vector<std::uint8_t>& samples) {
  image::Bitmap result(width, height, channels, system_allocator());
  std::copy(samples.begin(), samples.end(), result.samples().begin());
  return result;
}

/// A bitmap of samples that look random and are always the same.
inline image::Bitmap noise(std::size_t width, std::size_t height, std::size_t channels) {
  std::vector<std::uint8_t> samples(width * height * channels);
  std::uint32_t state = 12345;
  for (std::uint8_t& sample : samples) {
    state = state * 1664525U + 1013904223U;
    sample = static_cast<std::uint8_t>(state >> 24);
  }
  return bitmap(width, height, channels, samples);
}

inline std::vector<std::uint8_t> samples_of(image::Bitmap& image) {
  const auto samples = image.samples();
  return {samples.begin(), samples.end()};
}

}  // namespace onda::test
