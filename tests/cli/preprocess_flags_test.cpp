#include "cli/preprocess_flags.h"

#include <gtest/gtest.h>

#include "cli/usage_error.h"

namespace onda::cli {
namespace {

Preprocess steps(const std::vector<std::string>& arguments) {
  PreprocessFlags flags;
  CommandLine line({"probe", "", "", "", {}});
  flags.add_to(line);
  (void)line.parse(arguments, [](const std::string&) { return std::nullopt; });
  return flags.steps();
}

TEST(PreprocessFlags, StartFromThePreset) {
  EXPECT_EQ(steps({}).resize_shortest, 0);
  EXPECT_EQ(steps({"--preprocess", "imagenet"}).resize_shortest, 256);
  EXPECT_EQ(steps({"--preprocess", "imagenet"}).mean, Preprocess::imagenet().mean);
}

TEST(PreprocessFlags, ChangeEachStep) {
  const auto result =
      steps({"--preprocess", "imagenet", "--resize", "128", "--crop", "96x112", "--color", "bgr", "--scale",
             "1/128", "--mean", "0.5", "--std", "0.1,0.2,0.3", "--layout", "nhwc", "--max-pixels", "1000"});
  EXPECT_EQ(result.resize_shortest, 128);
  EXPECT_EQ(result.crop, (std::array<std::int64_t, 2>{96, 112}));
  EXPECT_EQ(result.color, ColorOrder::bgr);
  EXPECT_FLOAT_EQ(result.scale, 1.0F / 128);
  EXPECT_EQ(result.mean, (std::array<float, 3>{0.5F, 0.5F, 0.5F}));
  EXPECT_EQ(result.std, (std::array<float, 3>{0.1F, 0.2F, 0.3F}));
  EXPECT_EQ(result.layout, TensorLayout::nhwc);
  EXPECT_EQ(result.max_pixels, 1000U);
}

TEST(PreprocessFlags, ExactSizesReplaceThePresetsCrop) {
  const auto result = steps({"--preprocess", "imagenet", "--resize", "299x320"});
  EXPECT_EQ(result.resize_exact, (std::array<std::int64_t, 2>{299, 320}));
  EXPECT_EQ(result.resize_shortest, 0);
  EXPECT_FALSE(result.crop.has_value());
}

TEST(PreprocessFlags, RefuseWhatIsNoStep) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--preprocess", "imagent"},
                                                                     {"--resize", "-1"},
                                                                     {"--resize", "1x"},
                                                                     {"--resize", "999999999"},
                                                                     {"--crop", "0"},
                                                                     {"--color", "cmyk"},
                                                                     {"--mean", "1,2"},
                                                                     {"--std", "0"},
                                                                     {"--layout", "chwn"},
                                                                     {"--max-pixels", "0"}}) {
    EXPECT_THROW((void)steps(arguments), UsageError) << arguments[0] << ' ' << arguments[1];
  }
}

}  // namespace
}  // namespace onda::cli
