// What Pillow and torchvision make of each image (see reference/README.md) against `load_image`.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "image/reference_cases.h"

namespace onda {
namespace {

struct Agreement {
  std::size_t samples = 0;
  std::size_t identical = 0;
  std::size_t within_one = 0;
};

Agreement compare(std::span<const std::uint8_t> actual, std::span<const std::uint8_t> expected) {
  Agreement agreement = {.samples = expected.size()};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const int difference = std::abs(int{actual[i]} - int{expected[i]});
    agreement.identical += difference == 0 ? 1 : 0;
    agreement.within_one += difference <= 1 ? 1 : 0;
  }
  return agreement;
}

/// Where no decoder may choose how to round, so that every difference would be ours.
bool is_lossless(std::string_view image) {
  return image.ends_with(".png") || image.find("webp_lossless") != std::string_view::npos;
}

TEST(ReferenceTest, AgreesWithPillowWithinOneOnNinetyNinePercentOfEveryImage) {
  std::size_t identical_cases = 0;
  Agreement total;
  const auto cases = test::reference_cases();
  ASSERT_GE(cases.size(), 100U);
  for (const auto& reference : cases) {
    SCOPED_TRACE(reference.expected);
    const auto expected = test::reference_pixels(reference.expected);
    const Tensor actual = load_image(test::reference_file(reference.image), reference.steps);
    ASSERT_EQ(actual.shape(), (Shape{1, expected.height, expected.width, expected.channels}));
    const Agreement agreement = compare(actual.as<std::uint8_t>(), expected.samples);
    EXPECT_GE(static_cast<double>(agreement.within_one), 0.99 * static_cast<double>(agreement.samples));
    EXPECT_TRUE(agreement.identical == agreement.samples || !is_lossless(reference.image));
    if (agreement.identical == agreement.samples) {
      ++identical_cases;
    } else {
      std::cout << reference.expected << ": " << agreement.samples - agreement.identical << " of "
                << agreement.samples << " samples differ, " << agreement.samples - agreement.within_one
                << " by more than 1\n";
    }
    total.samples += agreement.samples;
    total.identical += agreement.identical;
    total.within_one += agreement.within_one;
  }
  std::cout << identical_cases << " of " << cases.size() << " cases identical; of " << total.samples
            << " samples " << total.identical << " identical, " << total.within_one << " within 1\n";
}

TEST(ReferenceTest, ScalesAndNormalisesIntoPlanesOfFloat32) {
  std::size_t compared = 0;
  const Preprocess imagenet = Preprocess::imagenet();
  for (const auto& reference : test::reference_cases()) {
    if (reference.steps.resize_shortest != imagenet.resize_shortest || reference.steps.crop != imagenet.crop)
      continue;
    SCOPED_TRACE(reference.expected);
    ++compared;
    const auto pixels = test::reference_pixels(reference.expected);
    const Tensor actual = load_image(test::reference_file(reference.image), imagenet);
    ASSERT_EQ(actual.shape(), (Shape{1, 3, 224, 224}));
    const auto elements = actual.as<float>();
    constexpr std::size_t kPlane = std::size_t{224} * 224;
    std::size_t close = 0;
    for (std::size_t i = 0; i < pixels.samples.size(); ++i) {
      const std::size_t channel = i % 3;
      const float expected =
          (static_cast<float>(pixels.samples[i]) / 255.0F - imagenet.mean[channel]) / imagenet.std[channel];
      // 1/255 of a pixel's range, as the normalisation stretches it.
      const float tolerance = 1.01F / 255.0F / imagenet.std[channel];
      close += std::abs(elements[channel * kPlane + i / 3] - expected) <= tolerance ? 1 : 0;
    }
    EXPECT_GE(static_cast<double>(close), 0.99 * static_cast<double>(pixels.samples.size()));
  }
  EXPECT_GE(compared, 5U);
}

}  // namespace
}  // namespace onda
