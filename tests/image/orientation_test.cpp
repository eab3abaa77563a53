#include "image/orientation.h"

#include <gtest/gtest.h>

#include "image/bitmap_builder.h"
#include "support/failing_allocator.h"

namespace onda::image {
namespace {

using Samples = std::vector<std::uint8_t>;

TEST(OrientationTest, TurnsEveryOrientationUpright) {
  // 1 2 3
  // 4 5 6
  const std::pair<Orientation, Samples> cases[] = {
      {Orientation::upright, {1, 2, 3, 4, 5, 6}},
      {Orientation::flip_horizontal, {3, 2, 1, 6, 5, 4}},
      {Orientation::rotate_180, {6, 5, 4, 3, 2, 1}},
      {Orientation::flip_vertical, {4, 5, 6, 1, 2, 3}},
      {Orientation::transpose, {1, 4, 2, 5, 3, 6}},
      {Orientation::rotate_clockwise, {4, 1, 5, 2, 6, 3}},
      {Orientation::transverse, {6, 3, 5, 2, 4, 1}},
      {Orientation::rotate_counterclockwise, {3, 6, 2, 5, 1, 4}},
  };
  for (const auto& [orientation, expected] : cases) {
    SCOPED_TRACE(static_cast<int>(orientation));
    Bitmap turned = upright(test::bitmap(3, 2, 1, {1, 2, 3, 4, 5, 6}), orientation, system_allocator());
    const bool exchanges_sides = orientation >= Orientation::transpose;
    EXPECT_EQ(turned.width(), exchanges_sides ? 2U : 3U);
    EXPECT_EQ(turned.height(), exchanges_sides ? 3U : 2U);
    EXPECT_EQ(test::samples_of(turned), expected);
  }
}

TEST(OrientationTest, KeepsColoursOfAPixelTogether) {
  const Samples two_pixels = {1, 2, 3, 4, 5, 6};
  Bitmap flipped =
      upright(test::bitmap(2, 1, 3, two_pixels), Orientation::flip_horizontal, system_allocator());
  EXPECT_EQ(test::samples_of(flipped), (Samples{4, 5, 6, 1, 2, 3}));
  Bitmap turned =
      upright(test::bitmap(2, 1, 3, two_pixels), Orientation::rotate_clockwise, system_allocator());
  EXPECT_EQ(turned.width(), 1U);
  EXPECT_EQ(test::samples_of(turned), two_pixels);
}

TEST(OrientationTest, TurnsLargeImagesOfOddSizesBack) {
  // Larger than the squares that are turned at a time, and no multiple of them.
  const std::pair<Orientation, Orientation> there_and_back[] = {
      {Orientation::transpose, Orientation::transpose},
      {Orientation::transverse, Orientation::transverse},
      {Orientation::rotate_clockwise, Orientation::rotate_counterclockwise},
      {Orientation::rotate_180, Orientation::rotate_180}};
  for (const std::size_t channels : {std::size_t{1}, std::size_t{3}}) {
    Bitmap original = test::noise(101, 67, channels);
    for (const auto& [there, back] : there_and_back) {
      Bitmap turned = upright(test::noise(101, 67, channels), there, system_allocator());
      EXPECT_NE(test::samples_of(turned), test::samples_of(original));
      Bitmap returned = upright(std::move(turned), back, system_allocator());
      EXPECT_EQ(returned.width(), 101U);
      EXPECT_EQ(test::samples_of(returned), test::samples_of(original));
    }
  }
}

TEST(OrientationTest, FlipsWithoutASecondImage) {
  const auto allocator = std::make_shared<test::FailingAllocator>();
  for (const auto orientation : {Orientation::upright, Orientation::flip_horizontal, Orientation::rotate_180,
                                 Orientation::flip_vertical}) {
    (void)upright(test::noise(5, 4, 3), orientation, allocator);
  }
  EXPECT_EQ(allocator->calls(), 0U);
  (void)upright(test::noise(5, 4, 3), Orientation::transpose, allocator);
  EXPECT_EQ(allocator->calls(), 1U);
}

}  // namespace
}  // namespace onda::image
