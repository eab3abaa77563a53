#include "image/preprocess_steps.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/error_matchers.h"

namespace onda::image {
namespace {

TEST(PreprocessStepsTest, PresetsHaveNames) {
  EXPECT_EQ(Preprocess::preset("imagenet").resize_shortest, 256);
  EXPECT_EQ(Preprocess::preset("imagenet").crop, (std::array<std::int64_t, 2>{224, 224}));
  EXPECT_EQ(Preprocess::preset("raw").resize_shortest, 0);
  EXPECT_FALSE(Preprocess::preset("raw").crop);
  EXPECT_TRUE(test::throws_error([] { return Preprocess::preset("imagnet"); }, ErrorCode::invalid_argument,
                                 "\"imagnet\"", "imagenet or raw"));
}

TEST(PreprocessStepsTest, PresetsAreValid) {
  EXPECT_NO_THROW(require_valid(Preprocess::imagenet()));
  EXPECT_NO_THROW(require_valid(Preprocess::raw()));
}

TEST(PreprocessStepsTest, RefusesWhatCannotBeCarriedOut) {
  const auto refused = [](auto change, std::string_view part) {
    Preprocess steps;
    change(steps);
    return test::throws_error(
        [&] {
          require_valid(steps);
          return 0;
        },
        ErrorCode::invalid_argument, part);
  };
  EXPECT_TRUE(refused([](Preprocess& s) { s.resize_shortest = -1; }, "-1"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.resize_shortest = 1'000'001; }, "1000001"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.resize_exact = {{0, 5}}; }, "0 x 5"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.crop = {{5, -5}}; }, "5 x -5"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.dtype = DType::int64; }, "int64"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.std[1] = 0; }, "channel 1"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.mean[2] = std::numeric_limits<float>::quiet_NaN(); }, "finite"));
  EXPECT_TRUE(refused([](Preprocess& s) { s.scale = std::numeric_limits<float>::infinity(); }, "finite"));
}

}  // namespace
}  // namespace onda::image
