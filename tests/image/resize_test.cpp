#include "image/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "image/bitmap_builder.h"
#include "image/resize_weights.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"

namespace onda::image {
namespace {

constexpr std::uint64_t kNoLimit = 1'000'000'000;

AxisPlan whole_axis(std::uint64_t source, std::uint64_t resized) {
  return {
      .source = source, .resized = resized, .first = 0, .count = resized, .padding = 0, .output = resized};
}

AxisPlan part_of_axis(std::uint64_t source, std::uint64_t resized, std::uint64_t first, std::uint64_t count) {
  return {
      .source = source, .resized = resized, .first = first, .count = count, .padding = 0, .output = count};
}

Bitmap resized(const Bitmap& image, std::uint64_t width, std::uint64_t height) {
  return resize(image.view(), {whole_axis(image.width(), width), whole_axis(image.height(), height)},
                kNoLimit, system_allocator());
}

/// The value that one output position has by the filter's definition: an integral over both axes, not
/// rounded.
double plain_value(const Bitmap& image, std::size_t x, std::size_t y, std::size_t channel, std::size_t width,
                   std::size_t height) {
  const auto weight = [](std::size_t source, std::size_t target, std::size_t i, std::size_t output) {
    const double scale = static_cast<double>(source) / static_cast<double>(target);
    const double distance = (static_cast<double>(i) + 0.5) - (static_cast<double>(output) + 0.5) * scale;
    return std::max(0.0, 1.0 - std::abs(distance) / std::max(scale, 1.0));
  };
  double sum = 0;
  double weights = 0;
  for (std::size_t j = 0; j < image.height(); ++j) {
    for (std::size_t i = 0; i < image.width(); ++i) {
      const double w = weight(image.width(), width, i, x) * weight(image.height(), height, j, y);
      sum += w * image.row(j)[i * image.channels() + channel];
      weights += w;
    }
  }
  return sum / weights;
}

TEST(ResizeTest, IsTheTriangleFilterOnOddSizes) {
  const std::size_t sizes[][4] = {{1, 1, 7, 5}, {1, 13, 3, 1}, {17, 1, 1, 4},  {23, 19, 7, 29},
                                  {8, 6, 8, 3}, {5, 9, 11, 9}, {31, 37, 1, 1}, {2, 2, 3, 3}};
  for (const auto& [width, height, to_width, to_height] : sizes) {
    for (const std::size_t channels : {std::size_t{1}, std::size_t{3}}) {
      SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height) + " to " + std::to_string(to_width) +
                   "x" + std::to_string(to_height));
      const Bitmap image = test::noise(width, height, channels);
      const Bitmap result = resized(image, to_width, to_height);
      ASSERT_EQ(result.width(), to_width);
      ASSERT_EQ(result.height(), to_height);
      for (std::size_t y = 0; y < to_height; ++y) {
        for (std::size_t x = 0; x < to_width; ++x) {
          for (std::size_t c = 0; c < channels; ++c) {
            // Rounded once after each pass.
            EXPECT_NEAR(result.row(y)[x * channels + c], plain_value(image, x, y, c, to_width, to_height),
                        1.01);
          }
        }
      }
    }
  }
}

TEST(ResizeTest, PartEqualsThatPartOfTheWhole) {
  const Bitmap image = test::noise(61, 43, 3);
  for (const auto& [width, height] : {std::pair{29, 31}, std::pair{90, 43}, std::pair{61, 20}}) {
    const auto to_width = static_cast<std::uint64_t>(width);
    const auto to_height = static_cast<std::uint64_t>(height);
    const Bitmap whole = resized(image, to_width, to_height);
    Bitmap part =
        resize(image.view(), {part_of_axis(61, to_width, 5, 11), part_of_axis(43, to_height, 7, 13)},
               kNoLimit, system_allocator());
    ASSERT_EQ(part.width(), 11U);
    ASSERT_EQ(part.height(), 13U);
    for (std::size_t y = 0; y < 13; ++y) {
      EXPECT_TRUE(std::equal(part.row(y), part.row(y) + part.row_bytes(), whole.row(y + 7) + 15)) << y;
    }
  }
}

TEST(ResizeTest, KeepsBlackAndWhite) {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{255}}) {
    const Bitmap image = test::bitmap(40, 30, 1, std::vector<std::uint8_t>(1200, value));
    for (const std::uint64_t size : {1U, 3U, 39U, 41U, 200U}) {
      Bitmap result = resized(image, size, size);
      for (const std::uint8_t sample : result.samples()) ASSERT_EQ(sample, value);
    }
  }
}

TEST(ResizeTest, LeavesAnAxisThatKeepsItsSize) {
  const Bitmap image = test::noise(9, 8, 1);
  const Bitmap result = resized(image, 9, 16);
  // Outermost rows of an enlargement are the outermost rows themselves.
  EXPECT_TRUE(std::equal(image.row(0), image.row(0) + 9, result.row(0)));
  EXPECT_TRUE(std::equal(image.row(7), image.row(7) + 9, result.row(15)));
}

TEST(ResizeTest, RefusesAnImageThatIsLargeBetweenThePasses) {
  const Bitmap image = test::noise(1, 50'000, 1);
  const Geometry geometry = {whole_axis(1, 50'000), whole_axis(50'000, 2)};
  const auto allocator = std::make_shared<test::FailingAllocator>();
  EXPECT_TRUE(test::throws_error([&] { return resize(image.view(), geometry, 1'000'000, allocator); },
                                 ErrorCode::resource_exhausted, "50000 x 50000", "1000000"));
  EXPECT_EQ(allocator->calls(), 0U);
}

TEST(ResizeWeightsTest, SumToOne) {
  for (const std::uint64_t source : {1U, 2U, 7U, 500U, 65'500U}) {
    for (const std::uint64_t target : {1U, 3U, 224U, 500U}) {
      const ResizeWeights weights(whole_axis(source, target));
      ASSERT_EQ(weights.outputs(), target);
      for (std::size_t output = 0; output < target; ++output) {
        const auto taps = weights.taps(output);
        std::int64_t sum = 0;
        for (const std::int32_t weight : taps.weights) sum += weight;
        ASSERT_LE(weights.first_source() + taps.first + taps.weights.size(), source);
        EXPECT_NEAR(static_cast<double>(sum), 1 << ResizeWeights::kPrecisionBits,
                    0.5 * static_cast<double>(taps.weights.size()));
      }
    }
  }
}

}  // namespace
}  // namespace onda::image
