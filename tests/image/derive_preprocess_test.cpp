#include <gtest/gtest.h>

#include "onda/preprocess.h"
#include "support/error_matchers.h"

namespace onda {
namespace {

constexpr std::int64_t kAny = Shape::kDynamic;
using Size = std::array<std::int64_t, 2>;

Preprocess derived(const Shape& declared, const Preprocess& steps = Preprocess::raw(),
                   DType dtype = DType::float32) {
  return derive_preprocess(steps, dtype, declared);
}

Preprocess with_layout(TensorLayout layout) {
  Preprocess steps;
  steps.layout = layout;
  return steps;
}

TEST(DerivePreprocessTest, LayoutFollowsTheChannels) {
  const std::pair<Shape, TensorLayout> cases[] = {
      {{1, 3, 224, 224}, TensorLayout::nchw},
      {{1, 224, 224, 3}, TensorLayout::nhwc},
      {{kAny, 3, kAny, kAny}, TensorLayout::nchw},
      {{kAny, kAny, kAny, 3}, TensorLayout::nhwc},
      {{kAny, 1, 28, 28}, TensorLayout::nchw},
      {{kAny, 28, 28, 1}, TensorLayout::nhwc},
      {{kAny, kAny, 224, 224}, TensorLayout::nchw},
      {{kAny, 224, 224, kAny}, TensorLayout::nhwc},
      {{3, 224, 224}, TensorLayout::nchw},
      {{224, 224, 3}, TensorLayout::nhwc},
      {{1, 8, 8}, TensorLayout::nchw},
      {{8, 8, 1}, TensorLayout::nhwc},
  };
  for (const auto& [shape, layout] : cases) {
    for (const auto preferred : {TensorLayout::nchw, TensorLayout::nhwc}) {
      EXPECT_EQ(derived(shape, with_layout(preferred)).layout, layout) << to_string(shape);
    }
  }
}

TEST(DerivePreprocessTest, AmbiguousLayoutStaysAsTheStepsHaveIt) {
  const Shape cases[] = {{1, 3, 224, 3}, {1, 1, 28, 1}, {kAny, kAny, kAny, kAny}, {1, 3, 5, 1}, {1, 1, 1}};
  for (const Shape& shape : cases) {
    for (const auto preferred : {TensorLayout::nchw, TensorLayout::nhwc}) {
      EXPECT_EQ(derived(shape, with_layout(preferred)).layout, preferred) << to_string(shape);
    }
  }
  // The channels are then those of that layout.
  EXPECT_EQ(derived({1, 3, 5, 1}, with_layout(TensorLayout::nchw)).color, ColorOrder::rgb);
  EXPECT_EQ(derived({1, 3, 5, 1}, with_layout(TensorLayout::nhwc)).color, ColorOrder::grey);
}

TEST(DerivePreprocessTest, OneChannelIsGrey) {
  Preprocess bgr;
  bgr.color = ColorOrder::bgr;
  EXPECT_EQ(derived({1, 1, 28, 28}).color, ColorOrder::grey);
  EXPECT_EQ(derived({1, 28, 28, 1}, bgr).color, ColorOrder::grey);
  EXPECT_EQ(derived({1, 3, 28, 28}, bgr).color, ColorOrder::bgr);
  EXPECT_EQ(derived({1, kAny, 28, 28}, bgr).color, ColorOrder::bgr);
}

TEST(DerivePreprocessTest, GreyForThreeChannelsIsRefused) {
  Preprocess grey;
  grey.color = ColorOrder::grey;
  EXPECT_TRUE(test::throws_error(
      [&] {
        return derived({1, 3, 28, 28}, grey);
      },
      ErrorCode::shape_mismatch, "[1,3,28,28]", "grey"));
}

TEST(DerivePreprocessTest, FixedSizeIsAnExactResizeWhereNoStepNamesOne) {
  const Preprocess steps = derived({1, 3, 64, 48});
  EXPECT_EQ(steps.resize_exact, (Size{64, 48}));
  EXPECT_FALSE(steps.crop);
  EXPECT_EQ(derived({1, 64, 48, 3}).resize_exact, (Size{64, 48}));
  EXPECT_FALSE(derived({1, 3, 64, kAny}).resize_exact);
  EXPECT_FALSE(derived({1, 3, kAny, kAny}).resize_exact);
}

TEST(DerivePreprocessTest, FixedSizeIsTheCropWhereAStepResizes) {
  Preprocess shortest;
  shortest.resize_shortest = 256;
  EXPECT_EQ(derived({1, 3, 224, 200}, shortest).crop, (Size{224, 200}));
  EXPECT_FALSE(derived({1, 3, 224, 200}, shortest).resize_exact);
  EXPECT_FALSE(derived({1, 3, kAny, 200}, shortest).crop);

  Preprocess exact;
  exact.resize_exact = {{256, 256}};
  EXPECT_EQ(derived({1, 3, 224, 224}, exact).crop, (Size{224, 224}));
  EXPECT_FALSE(derived({1, 3, 256, 256}, exact).crop);
}

TEST(DerivePreprocessTest, CropMustBeTheInputsSize) {
  EXPECT_EQ(derived({1, 3, 224, 224}, Preprocess::imagenet()).crop, (Size{224, 224}));
  EXPECT_EQ(derived({1, 3, kAny, kAny}, Preprocess::imagenet()).crop, (Size{224, 224}));
  for (const Shape& shape : {Shape{1, 3, 299, 299}, Shape{1, 3, 224, 225}, Shape{1, 3, kAny, 225}}) {
    EXPECT_TRUE(test::throws_error([&] { return derived(shape, Preprocess::imagenet()); },
                                   ErrorCode::shape_mismatch, to_string(shape), "224 x 224"));
  }
}

TEST(DerivePreprocessTest, DtypeIsTheInputs) {
  for (const auto dtype : {DType::float32, DType::float16, DType::float64, DType::uint8, DType::int8}) {
    EXPECT_EQ(derived({1, 3, 8, 8}, Preprocess::raw(), dtype).dtype, dtype);
  }
  for (const auto dtype : {DType::int64, DType::string, DType::boolean, DType::bfloat16}) {
    EXPECT_TRUE(test::throws_error(
        [&] {
          return derived({1, 3, 8, 8}, Preprocess::raw(), dtype);
        },
        ErrorCode::type_mismatch, to_string(dtype), "float32"));
  }
}

TEST(DerivePreprocessTest, RefusesWhatTakesNoImage) {
  const Shape cases[] = {
      {}, {10}, {1, 10}, {1, 2, 3, 4, 5}, {1, 4, 224, 224}, {1, 224, 224, 4}, {1, 3, 0, 224}};
  for (const Shape& shape : cases) {
    EXPECT_TRUE(test::throws_error([&] { return derived(shape); }, ErrorCode::shape_mismatch,
                                   to_string(shape), "expected"));
  }
}

TEST(DerivePreprocessTest, KeepsEverythingElse) {
  const Preprocess before = Preprocess::imagenet();
  const Preprocess after = derived({kAny, 3, 224, 224}, before, DType::float16);
  EXPECT_EQ(after.resize_shortest, before.resize_shortest);
  EXPECT_EQ(after.mean, before.mean);
  EXPECT_EQ(after.std, before.std);
  EXPECT_EQ(after.scale, before.scale);
  EXPECT_EQ(after.max_pixels, before.max_pixels);
}

}  // namespace
}  // namespace onda
