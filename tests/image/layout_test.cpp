#include "image/layout.h"

#include <gtest/gtest.h>

#include "image/bitmap_builder.h"
#include "image/float16.h"

namespace onda::image {
namespace {

/// Two pixels above two, without any change of size.
Tensor laid_out(const Bitmap& image, const Preprocess& steps) {
  const Geometry geometry = plan_geometry(image.width(), image.height(), steps);
  Tensor output(steps.dtype, output_shape(geometry, steps));
  write_tensor(image.view().window(geometry.horizontal.first, geometry.vertical.first,
                                   geometry.horizontal.count, geometry.vertical.count),
               geometry, steps, output);
  return output;
}

template <class T>
std::vector<T> elements(const Tensor& tensor) {
  const auto view = tensor.as<T>();
  return {view.begin(), view.end()};
}

Bitmap colours() { return test::bitmap(2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}); }

Preprocess plain(TensorLayout layout, ColorOrder color = ColorOrder::rgb) {
  Preprocess steps;
  steps.dtype = DType::uint8;
  steps.layout = layout;
  steps.color = color;
  return steps;
}

TEST(LayoutTest, PlanesOrInterleaved) {
  using Samples = std::vector<std::uint8_t>;
  const Tensor planes = laid_out(colours(), plain(TensorLayout::nchw));
  EXPECT_EQ(planes.shape(), (Shape{1, 3, 2, 2}));
  EXPECT_EQ(elements<std::uint8_t>(planes), (Samples{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}));
  const Tensor interleaved = laid_out(colours(), plain(TensorLayout::nhwc));
  EXPECT_EQ(interleaved.shape(), (Shape{1, 2, 2, 3}));
  EXPECT_EQ(elements<std::uint8_t>(interleaved), (Samples{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
}

TEST(LayoutTest, BgrExchangesRedAndBlue) {
  using Samples = std::vector<std::uint8_t>;
  EXPECT_EQ(elements<std::uint8_t>(laid_out(colours(), plain(TensorLayout::nchw, ColorOrder::bgr))),
            (Samples{3, 6, 9, 12, 2, 5, 8, 11, 1, 4, 7, 10}));
  EXPECT_EQ(elements<std::uint8_t>(laid_out(colours(), plain(TensorLayout::nhwc, ColorOrder::bgr))),
            (Samples{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}));
}

TEST(LayoutTest, GreyIsOneChannelOrRepeated) {
  using Samples = std::vector<std::uint8_t>;
  const Bitmap grey = test::bitmap(2, 1, 1, {10, 20});
  const Tensor one = laid_out(grey, plain(TensorLayout::nchw, ColorOrder::grey));
  EXPECT_EQ(one.shape(), (Shape{1, 1, 1, 2}));
  EXPECT_EQ(elements<std::uint8_t>(one), (Samples{10, 20}));
  EXPECT_EQ(elements<std::uint8_t>(laid_out(grey, plain(TensorLayout::nhwc))),
            (Samples{10, 10, 10, 20, 20, 20}));
}

TEST(LayoutTest, NormalisesByTheChannelOfTheOutput) {
  Preprocess steps;
  steps.color = ColorOrder::bgr;
  steps.scale = 0.5F;
  steps.mean = {1, 2, 3};
  steps.std = {1, 2, 4};
  const Tensor output = laid_out(test::bitmap(1, 1, 3, {10, 20, 30}), steps);
  // Blue first: (30/2 - 1)/1, (20/2 - 2)/2, (10/2 - 3)/4.
  EXPECT_EQ(elements<float>(output), (std::vector<float>{14.0F, 4.0F, 0.5F}));
  steps.dtype = DType::float64;
  EXPECT_EQ(elements<double>(laid_out(test::bitmap(1, 1, 3, {10, 20, 30}), steps)),
            (std::vector<double>{14.0, 4.0, 0.5}));
}

TEST(LayoutTest, Float16IsTheRoundedFloat32) {
  Preprocess steps = Preprocess::imagenet();
  steps.resize_shortest = 0;
  steps.crop.reset();
  const Tensor single = laid_out(test::noise(16, 16, 3), steps);
  steps.dtype = DType::float16;
  const Tensor half = laid_out(test::noise(16, 16, 3), steps);
  const auto expected = single.as<float>();
  const auto* const actual = reinterpret_cast<const std::uint16_t*>(half.bytes().data());
  ASSERT_EQ(half.bytes().size(), expected.size() * 2);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(actual[i], to_float16_bits(expected[i]));
}

TEST(LayoutTest, IntegersTakeThePixelWithoutScale) {
  Preprocess steps = Preprocess::imagenet();
  steps.resize_shortest = 0;
  steps.crop.reset();
  steps.dtype = DType::uint8;
  const Bitmap image = test::bitmap(1, 1, 3, {0, 128, 255});
  EXPECT_EQ(elements<std::uint8_t>(laid_out(image, steps)), (std::vector<std::uint8_t>{0, 128, 255}));
  steps.dtype = DType::int8;
  EXPECT_EQ(elements<std::int8_t>(laid_out(image, steps)), (std::vector<std::int8_t>{-128, 0, 127}));
}

TEST(LayoutTest, PaddingIsBlackAndNormalised) {
  Preprocess steps;
  steps.color = ColorOrder::grey;
  steps.crop = {{2, 4}};
  steps.scale = 1;
  steps.mean = {1, 0, 0};
  const Tensor output = laid_out(test::bitmap(1, 1, 1, {9}), steps);
  EXPECT_EQ(elements<float>(output), (std::vector<float>{-1, 8, -1, -1, -1, -1, -1, -1}));
}

}  // namespace
}  // namespace onda::image
