#include "image/colour.h"

#include <gtest/gtest.h>

#include "image/bitmap_builder.h"

namespace onda::image {
namespace {

TEST(ColourTest, GreyIsRoundedLuma) {
  Bitmap image = test::bitmap(5, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 4});
  convert_to_grey(image);
  EXPECT_EQ(image.channels(), 1U);
  // 0.299 R + 0.587 G + 0.114 B: 76.2, 149.7, 29.1, 255, 1.9
  EXPECT_EQ(test::samples_of(image), (std::vector<std::uint8_t>{76, 150, 29, 255, 2}));
}

TEST(ColourTest, GreyStaysWhatItIs) {
  Bitmap image = test::bitmap(3, 1, 1, {0, 100, 255});
  convert_to_grey(image);
  EXPECT_EQ(test::samples_of(image), (std::vector<std::uint8_t>{0, 100, 255}));
}

TEST(ColourTest, GreyOfEqualColoursIsThatColour) {
  std::vector<std::uint8_t> samples;
  for (int value = 0; value < 256; ++value)
    samples.insert(samples.end(), 3, static_cast<std::uint8_t>(value));
  Bitmap image = test::bitmap(256, 1, 3, samples);
  convert_to_grey(image);
  for (std::size_t value = 0; value < 256; ++value) EXPECT_EQ(image.samples()[value], value);
}

TEST(ColourTest, CmykIsProductOfWhatInksLeave) {
  // Every ink with every black: the file holds 255 − ink, and colour is (255 − ink)(255 − black) / 255.
  for (int ink = 0; ink < 256; ++ink) {
    for (int black = 0; black < 256; ++black) {
      const auto stored_ink = static_cast<std::uint8_t>(255 - ink);
      const auto stored_black = static_cast<std::uint8_t>(255 - black);
      const std::uint8_t cmyk[] = {stored_ink, 255, 0, stored_black};
      std::uint8_t rgb[3] = {};
      inverted_cmyk_to_rgb(cmyk, rgb);
      EXPECT_NEAR(rgb[0], (255.0 - ink) * (255.0 - black) / 255.0, 0.5 + 1e-9) << ink << ' ' << black;
      EXPECT_EQ(rgb[1], 255 - black);
      EXPECT_EQ(rgb[2], 0);
    }
  }
}

}  // namespace
}  // namespace onda::image
