#include "image/geometry.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::image {
namespace {

Preprocess steps(std::int64_t shortest, std::optional<std::array<std::int64_t, 2>> crop = std::nullopt) {
  Preprocess result;
  result.resize_shortest = shortest;
  result.crop = crop;
  return result;
}

TEST(GeometryTest, KeepsTheSizeWithoutSteps) {
  const Geometry geometry = plan_geometry(500, 375, Preprocess::raw());
  EXPECT_FALSE(geometry.changes_size());
  EXPECT_EQ(geometry.horizontal.output, 500U);
  EXPECT_EQ(geometry.vertical.output, 375U);
}

TEST(GeometryTest, CutsTheLongSideOffToAWholeNumber) {
  // int(256 * 500 / 375) = int(341.33)
  EXPECT_EQ(plan_geometry(500, 375, steps(256)).horizontal.resized, 341U);
  EXPECT_EQ(plan_geometry(500, 375, steps(256)).vertical.resized, 256U);
  EXPECT_EQ(plan_geometry(375, 500, steps(256)).vertical.resized, 341U);
  // 256 * 767 / 256 = 767 exactly
  EXPECT_EQ(plan_geometry(767, 256, steps(256)).horizontal.resized, 767U);
  // int(299 * 3 / 2) = int(448.5)
  EXPECT_EQ(plan_geometry(3, 2, steps(299)).horizontal.resized, 448U);
}

TEST(GeometryTest, CropOffsetsRoundHalvesToEven) {
  // The difference halved: 0.5 → 0, 1.5 → 2, 2.5 → 2, 3.5 → 4.
  const std::pair<std::uint64_t, std::uint64_t> cases[] = {{224, 0}, {225, 0}, {226, 1}, {227, 2},
                                                           {228, 2}, {229, 2}, {230, 3}, {231, 4}};
  for (const auto& [size, first] : cases) {
    const AxisPlan plan = plan_geometry(size, 300, steps(0, {{224, 224}})).horizontal;
    EXPECT_EQ(plan.first, first) << size;
    EXPECT_EQ(plan.count, 224U);
    EXPECT_EQ(plan.padding, 0U);
  }
}

TEST(GeometryTest, PadsWhatIsSmallerThanTheCrop) {
  // The odd pixel goes to the right and below; the other axis is cropped as ever.
  const Geometry geometry = plan_geometry(51, 80, steps(0, {{56, 56}}));
  EXPECT_EQ(geometry.horizontal.padding, 2U);
  EXPECT_EQ(geometry.horizontal.count, 51U);
  EXPECT_EQ(geometry.horizontal.output, 56U);
  EXPECT_EQ(geometry.vertical.padding, 0U);
  EXPECT_EQ(geometry.vertical.first, 12U);
}

TEST(GeometryTest, ExactResizeWinsOverTheShortestSide) {
  Preprocess both = steps(256);
  both.resize_exact = {{10, 20}};
  EXPECT_EQ(plan_geometry(500, 375, both).vertical.resized, 10U);
  EXPECT_EQ(plan_geometry(500, 375, both).horizontal.resized, 20U);
}

TEST(GeometryTest, RefusesAnOutputAboveTheLimit) {
  Preprocess limited = steps(1000);
  limited.max_pixels = 1'000'000;
  EXPECT_NO_THROW((void)plan_geometry(10, 10, limited));
  EXPECT_TRUE(test::throws_error([&] { return plan_geometry(11, 10, limited); },
                                 ErrorCode::resource_exhausted, "1100 x 1000", "1000000"));
  // A long strip: the long side alone would be 256 million.
  EXPECT_TRUE(test::throws_error([&] { return plan_geometry(1, 1'000'000, steps(256)); },
                                 ErrorCode::resource_exhausted, "256000000"));
  // With a crop only what is kept counts.
  EXPECT_NO_THROW((void)plan_geometry(1, 1'000'000, steps(256, {{224, 224}})));
}

}  // namespace
}  // namespace onda::image
