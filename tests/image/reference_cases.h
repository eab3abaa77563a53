#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "onda/preprocess.h"

namespace onda::test {

/// One line of reference/cases.csv: an image, the steps, and the file with the pixels that Pillow makes of
/// it.
struct ReferenceCase {
  std::string image;
  std::string expected;
  Preprocess steps;  ///< to uint8, NHWC
};

/// 8-bit pixels as NumPy keeps them: [height, width, channels], channels 1 where the file has two dimensions.
struct ReferencePixels {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::vector<std::uint8_t> samples;
};

/// All cases. These three throw std::runtime_error for a file that is not as it should be.
[[nodiscard]] std::vector<ReferenceCase> reference_cases();
[[nodiscard]] std::vector<std::byte> reference_file(const std::string& name);
[[nodiscard]] ReferencePixels reference_pixels(const std::string& name);

}  // namespace onda::test
