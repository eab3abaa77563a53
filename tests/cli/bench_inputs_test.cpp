#include "cli/bench_inputs.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::cli {
namespace {

ValueInfo input(std::string name, Shape shape, std::vector<std::string> names) {
  ValueInfo info;
  info.name = std::move(name);
  info.dtype = DType::float32;
  info.shape = std::move(shape);
  info.dimension_names = std::move(names);
  return info;
}

const std::vector<ValueInfo> kTransformer = {input("ids", {-1, -1}, {"batch", "sequence"}),
                                             input("mask", {-1, -1}, {"batch", "sequence"})};

TEST(BenchInputs, SettlesTheBatchAndNamedDimensions) {
  EXPECT_EQ(settle_shapes(kTransformer, {4, {{"sequence", 128}}}), (std::vector<Shape>{{4, 128}, {4, 128}}));
  EXPECT_EQ(settle_shapes(kTransformer, {4, {}})[0], (Shape{4, 1}));
  const std::vector<ValueInfo> swapped = {input("a", {-1, 3}, {"N", ""}), input("b", {3, -1}, {"", "N"})};
  EXPECT_EQ(settle_shapes(swapped, {5, {}}), (std::vector<Shape>{{5, 3}, {3, 5}}));
}

TEST(BenchInputs, TellsWhichDimensionsItGuessed) {
  EXPECT_EQ(guessed_dimensions(kTransformer, {4, {}}), std::vector<std::string>{"sequence"});
  EXPECT_TRUE(guessed_dimensions(kTransformer, {4, {{"sequence", 2}}}).empty());
}

TEST(BenchInputs, RefusesABatchOrANameThatNoInputHas) {
  const std::vector<ValueInfo> fixed = {input("x", {1, 3}, {})};
  EXPECT_TRUE(test::throws_error(
      [&] {
        return settle_shapes(fixed, {2, {}});
      },
      ErrorCode::invalid_argument, "--batch 2"));
  EXPECT_EQ(settle_shapes(fixed, {1, {}})[0], (Shape{1, 3}));
  EXPECT_TRUE(test::throws_error(
      [] {
        return settle_shapes(kTransformer, {1, {{"sequnce", 2}}});
      },
      ErrorCode::invalid_argument, "did you mean sequence?"));
}

TEST(BenchInputs, RepeatsOneRowToTheBatchAndRefusesRowsOfAnother) {
  const auto rows = [](std::int64_t count) { return Tensor(DType::float32, Shape{count, 3}); };
  const auto named = input("x", {-1, 3}, {"N", ""});
  EXPECT_EQ(repeat_to_batch(rows(1), named, {4, 3}).shape(), (Shape{4, 3}));
  EXPECT_EQ(repeat_to_batch(rows(4), named, {4, 3}).shape(), (Shape{4, 3}));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return repeat_to_batch(rows(4), named, {1, 3});
      },
      ErrorCode::shape_mismatch, "give --batch 4"));
  EXPECT_EQ(repeat_to_batch(rows(2), input("x", {2, 3}, {}), {2, 3}).shape(), (Shape{2, 3}));
}

TEST(BenchInputs, MakesTheSameNumbersFromTheSameSeed) {
  const Shape shape{100};
  const Tensor a = random_tensor(DType::float32, shape, 1);
  const Tensor b = random_tensor(DType::float32, shape, 1);
  const Tensor c = random_tensor(DType::float32, shape, 2);
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin()));
  EXPECT_FALSE(std::equal(a.bytes().begin(), a.bytes().end(), c.bytes().begin()));
  for (const float value : a.as<float>()) EXPECT_TRUE(value >= 0 && value <= 1) << value;
  const Tensor whole = random_tensor(DType::int64, shape, 1);
  for (const auto value : whole.as<std::int64_t>()) {
    EXPECT_TRUE(value == 0 || value == 1) << value;
  }
}

TEST(BenchInputs, FillsEveryDtype) {
  for (const DType dtype : all_dtypes()) EXPECT_EQ(random_tensor(dtype, Shape{3}, 1).element_count(), 3U);
}

}  // namespace
}  // namespace onda::cli
