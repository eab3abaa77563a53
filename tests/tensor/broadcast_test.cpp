#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "onda/tensor.h"
#include "plain_reference.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"

namespace onda {
namespace {

using test::Dims;
using test::shape_of;
using test::throws_error;

// Each element as its bits, for comparison; strings as they are.
std::string element(const TensorView& view, std::size_t index) {
  if (view.dtype() == DType::string) return view.strings()[index];
  const std::size_t width = bits(view.dtype());
  if (width >= 8) {
    return {reinterpret_cast<const char*>(view.bytes().data()) + index * width / 8, width / 8};
  }
  const auto byte = std::to_integer<unsigned>(view.bytes()[index * width / 8]);
  return std::to_string((byte >> (index * width % 8)) & ((1U << width) - 1U));
}

Tensor random_tensor(std::mt19937& random, DType dtype, const Dims& dims) {
  Tensor tensor(dtype, shape_of(dims));
  for (auto& text : tensor.strings()) text = "word " + std::to_string(random());
  for (auto& byte : tensor.bytes()) byte = static_cast<std::byte>(random());
  return tensor;
}

TEST(BroadcastTo, AgreesWithAPlainReferenceForEveryDType) {
  std::mt19937 random(5);
  for (const DType dtype : all_dtypes()) {
    for (int round = 0; round < 150; ++round) {
      const Dims target = test::random_dims(random, 5);
      const Dims source = test::random_source_for(random, target);
      const Tensor tensor = random_tensor(random, dtype, source);
      const Tensor result = broadcast_to(tensor, shape_of(target));
      const auto origins = test::plain_origins(source, target);
      ASSERT_EQ(result.shape(), shape_of(target));
      ASSERT_EQ(result.dtype(), dtype);
      ASSERT_EQ(result.element_count(), origins.size());
      for (std::size_t i = 0; i < origins.size(); ++i) {
        ASSERT_EQ(element(result, i), element(tensor, origins[i]))
            << to_string(dtype) << " " << to_string(tensor.shape()) << " to " << to_string(result.shape());
      }
    }
  }
}

TEST(BroadcastTo, RepeatsScalarsAndColumns) {
  const std::vector<std::int32_t> column = {1, 2};
  const Tensor wide = broadcast_to(TensorView::of<std::int32_t>({2, 1}, column), Shape{2, 3});
  const auto values = wide.as<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(values.begin(), values.end()),
            (std::vector<std::int32_t>{1, 1, 1, 2, 2, 2}));
  const Tensor filled =
      broadcast_to(TensorView::of<std::int32_t>({}, std::span(column).first(1)), Shape{7, 11});
  for (const auto value : filled.as<std::int32_t>()) EXPECT_EQ(value, 1);
}

TEST(BroadcastTo, UnusedBitsOfPackedElementsAreZero) {
  Tensor one(DType::uint4, Shape{1});
  one.bytes()[0] = std::byte{0xFF};
  const Tensor three = broadcast_to(one, Shape{3});
  EXPECT_EQ(three.bytes()[0], std::byte{0xFF});
  EXPECT_EQ(three.bytes()[1], std::byte{0x0F});
}

TEST(BroadcastTo, RefusesShapesThatDoNotFit) {
  const Tensor tensor(DType::int8, Shape{2, 3});
  EXPECT_TRUE(throws_error(
      [&] {
        return broadcast_to(tensor, Shape{2, 4});
      },
      ErrorCode::shape_mismatch, "[2,3]", "[2,4]", "dimension 1"));
  EXPECT_TRUE(
      throws_error([&] { return broadcast_to(tensor, Shape{3}); }, ErrorCode::shape_mismatch, "rank 2"));
  EXPECT_TRUE(throws_error([&] { return broadcast_to(tensor, Shape{-1, 3}); }, ErrorCode::invalid_argument));
  EXPECT_TRUE(
      throws_error([&] { return broadcast_to(TensorView(), Shape{1}); }, ErrorCode::invalid_argument));
}

TEST(BroadcastTo, RefusesWhatMemoryCannotHoldAndGivesEverythingBack) {
  const Tensor one(DType::float64, Shape{1});
  const std::int64_t huge = std::int64_t{1} << 59;
  EXPECT_TRUE(throws_error([&] { return broadcast_to(one, Shape{huge}); }, ErrorCode::resource_exhausted));
  EXPECT_TRUE(throws_error([&] { return broadcast_to(one, Shape{huge, 8}); }, ErrorCode::invalid_argument));
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              const Tensor wide = broadcast_to(one, Shape{100}, allocator);
            }),
            1);
}

TEST(FitToShape, RenamesWithoutACopyWhereElementsStay) {
  Tensor tensor(DType::float32, Shape{3, 4});
  const auto* data = tensor.bytes().data();
  const Tensor fitted = fit_to_shape(std::move(tensor), Shape{-1, 3, 4}, ShapePolicy::reshape);
  EXPECT_EQ(fitted.shape(), (Shape{1, 3, 4}));
  EXPECT_EQ(fitted.bytes().data(), data);
}

TEST(FitToShape, MaterialisesWhereTheyAreRepeated) {
  const std::vector<float> row = {1, 2};
  const Tensor fitted = fit_to_shape(Tensor::of<float>({1, 2}, row), Shape{3, 2}, ShapePolicy::broadcast);
  const auto values = fitted.as<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{1, 2, 1, 2, 1, 2}));
  const Tensor words = fit_to_shape(Tensor::of_strings({}, {"a"}), Shape{2}, ShapePolicy::broadcast);
  EXPECT_EQ(words.strings()[1], "a");
}

TEST(FitToShape, RefusesAsResolveShapeDoes) {
  const std::vector<std::string> names = {"N"};
  EXPECT_TRUE(throws_error(
      [&] {
        return fit_to_shape(Tensor(DType::int8, Shape{5}), Shape{-1, 3}, ShapePolicy::broadcast, names);
      },
      ErrorCode::shape_mismatch, "[5]", "[N,3]"));
  EXPECT_TRUE(throws_error([] { return fit_to_shape(Tensor(), Shape{1}, ShapePolicy::strict); },
                           ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace onda
