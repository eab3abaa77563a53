#include "serving/preprocess_text.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

using Size = std::array<std::int64_t, 2>;

TEST(PreprocessTextTest, PresetsStandAlone) {
  EXPECT_EQ(to_string(parse_preprocess("imagenet")), to_string(Preprocess::imagenet()));
  EXPECT_EQ(to_string(parse_preprocess("raw")), to_string(Preprocess::raw()));
  EXPECT_NE(to_string(Preprocess::raw()), to_string(Preprocess::imagenet()));
}

TEST(PreprocessTextTest, StepsStartFromRaw) {
  const Preprocess steps = parse_preprocess(
      "  resize=256 crop=224x200 color=bgr scale=1/255  mean=0.5 std=0.25,0.5,1 layout=nhwc "
      "max_pixels=1000 ");
  EXPECT_EQ(steps.resize_shortest, 256);
  EXPECT_EQ(steps.crop, (Size{224, 200}));
  EXPECT_EQ(steps.color, ColorOrder::bgr);
  EXPECT_FLOAT_EQ(steps.scale, 1.0F / 255);
  EXPECT_EQ(steps.mean, (std::array<float, 3>{0.5F, 0.5F, 0.5F}));
  EXPECT_EQ(steps.std, (std::array<float, 3>{0.25F, 0.5F, 1}));
  EXPECT_EQ(steps.layout, TensorLayout::nhwc);
  EXPECT_EQ(steps.max_pixels, 1000U);
}

TEST(PreprocessTextTest, StepsChangeAPreset) {
  const Preprocess steps = parse_preprocess("imagenet crop=192");
  EXPECT_EQ(steps.resize_shortest, 256);
  EXPECT_EQ(steps.crop, (Size{192, 192}));
  EXPECT_EQ(steps.mean, Preprocess::imagenet().mean);
}

TEST(PreprocessTextTest, AnExactSizeIsNotCutByThePresetsCrop) {
  const Preprocess steps = parse_preprocess("imagenet resize=28x30");
  EXPECT_EQ(steps.resize_exact, (Size{28, 30}));
  EXPECT_EQ(steps.resize_shortest, 0);
  EXPECT_FALSE(steps.crop);
  EXPECT_EQ(parse_preprocess("imagenet crop=5 resize=28x30").crop, (Size{5, 5}));
}

TEST(PreprocessTextTest, ReadsWhatItWrites) {
  for (const auto* text :
       {"imagenet", "raw", "resize=30x20 color=grey scale=2 mean=1,2,3 layout=nhwc", "crop=7"}) {
    const std::string written = to_string(parse_preprocess(text));
    EXPECT_EQ(to_string(parse_preprocess(written)), written);
  }
}

TEST(PreprocessTextTest, RefusesWhatItDoesNotKnow) {
  const auto refused = [](std::string_view text, std::string_view part) {
    return test::throws_error([&] { return parse_preprocess(text); }, ErrorCode::invalid_argument, part);
  };
  EXPECT_TRUE(refused("", "imagenet"));
  EXPECT_TRUE(refused("   ", "imagenet"));
  EXPECT_TRUE(refused("imagnet", "\"imagnet\""));
  EXPECT_TRUE(refused("crop=5 imagenet", "\"imagenet\""));
  EXPECT_TRUE(refused("=5", "\"=5\""));
  EXPECT_TRUE(refused("size=5", "\"size\""));
  EXPECT_TRUE(refused("resize=", "\"resize=\""));
  EXPECT_TRUE(refused("resize=-1", "\"resize=-1\""));
  EXPECT_TRUE(refused("resize=99999999999999999999", "resize="));
  EXPECT_TRUE(refused("resize=32769", "32768"));
  EXPECT_TRUE(refused("crop=0", "\"crop=0\""));
  EXPECT_TRUE(refused("crop=5x", "\"crop=5x\""));
  EXPECT_TRUE(refused("crop=5x6x7", "crop="));
  EXPECT_TRUE(refused("crop=5 crop=5", "once"));
  EXPECT_TRUE(refused("color=RGB", "rgb, bgr or grey"));
  EXPECT_TRUE(refused("layout=chw", "nchw or nhwc"));
  EXPECT_TRUE(refused("scale=1/0", "scale=1/0"));
  EXPECT_TRUE(refused("scale=nan", "scale=nan"));
  EXPECT_TRUE(refused("mean=1,2", "three"));
  EXPECT_TRUE(refused("mean=1,2,", "three"));
  EXPECT_TRUE(refused("mean=1,2,3,4", "three"));
  EXPECT_TRUE(refused("std=1,0,1", "divided"));
  EXPECT_TRUE(refused("max_pixels=0", "pixels"));
}

}  // namespace
}  // namespace onda::serving
