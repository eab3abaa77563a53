#include "serving/classification.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

using Strings = std::vector<std::string>;

template <class T>
Classification classified(Shape shape, const std::vector<T>& values, ClassificationSpec spec,
                          const Strings& labels = {}) {
  return classify(TensorView::of<T>(std::move(shape), std::span<const T>(values)), spec, labels);
}

TEST(Classification, BestFirstWithValueIndexAndLabel) {
  const auto result = classified<float>({4}, {0.25F, 1, -2, 0.5F}, {.classes = 3}, {"ant", "bee"});
  EXPECT_EQ(result.strings, (Strings{"1.000000:1:bee", "0.500000:3", "0.250000:0:ant"}));
  EXPECT_EQ(result.shape, (Shape{3}));
}

TEST(Classification, EachItemOfABatchIsRankedByItself) {
  const auto result =
      classified<std::int32_t>({2, 3}, {1, 3, 2, 9, 8, 7}, {.classes = 2, .is_batched = true});
  EXPECT_EQ(result.strings, (Strings{"3:1", "2:2", "9:0", "8:1"}));
  EXPECT_EQ(result.shape, (Shape{2, 2}));
}

TEST(Classification, AllElementsAreOneItemWithoutABatch) {
  const auto result = classified<std::int8_t>({2, 2}, {1, -128, 127, 0}, {.classes = 9});
  EXPECT_EQ(result.strings, (Strings{"127:2", "1:0", "0:3", "-128:1"}));
  EXPECT_EQ(result.shape, (Shape{4}));
}

TEST(Classification, WholeNumbersAreWritten) {
  EXPECT_EQ(
      classified<std::uint64_t>({1}, {std::numeric_limits<std::uint64_t>::max()}, {.classes = 1}).strings,
      (Strings{"18446744073709551615:0"}));
  EXPECT_EQ(
      classified<std::int64_t>({2}, {std::numeric_limits<std::int64_t>::min(), -1}, {.classes = 2}).strings,
      (Strings{"-1:1", "-9223372036854775808:0"}));
  EXPECT_EQ(classified<std::uint8_t>({1}, {65}, {.classes = 1}).strings, (Strings{"65:0"}));
}

TEST(Classification, LowerIndexFirstOfEqualsAndNaNLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(classified<float>({6}, {nan, 1, -infinity, 1, nan, infinity}, {.classes = 6}).strings,
            (Strings{"inf:5", "1.000000:1", "1.000000:3", "-inf:2", "nan:0", "nan:4"}));
}

TEST(Classification, EmptyOnesStayEmpty) {
  EXPECT_EQ(classified<float>({0, 5}, {}, {.classes = 3, .is_batched = true}).shape, (Shape{0, 3}));
  EXPECT_EQ(classified<float>({2, 0}, {}, {.classes = 3, .is_batched = true}).shape, (Shape{2, 0}));
  EXPECT_EQ(classified<float>({}, {7}, {.classes = 3}).strings, (Strings{"7.000000:0"}));
}

TEST(Classification, AgreesWithASortOfEverythingWhateverIsAsked) {
  std::mt19937 generator(3);
  std::vector<std::int16_t> values(1000);
  for (auto& value : values) value = static_cast<std::int16_t>(generator() % 50);
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] > values[b]; });
  for (const std::uint32_t classes : {1U, 5U, 62U, 63U, 500U, 999U, 1000U, 4000U}) {
    const auto result = classified<std::int16_t>({1000}, values, {.classes = classes});
    ASSERT_EQ(result.strings.size(), std::min<std::size_t>(classes, 1000));
    for (std::size_t i = 0; i < result.strings.size(); ++i) {
      ASSERT_EQ(result.strings[i], std::to_string(values[order[i]]) + ":" + std::to_string(order[i]));
    }
  }
}

TEST(Classification, NoMoreClassesThanTheLimit) {
  const std::vector<std::uint8_t> values(kMostClasses + 2, 1);
  const auto result = classified<std::uint8_t>({kMostClasses + 2}, values, {.classes = ~0U});
  EXPECT_EQ(result.strings.size(), kMostClasses);
}

TEST(Classification, ReadsElementsThatAreNotAligned) {
  const std::vector<double> values = {1, 2};
  std::vector<std::byte> bytes(1 + 2 * sizeof(double));
  std::memcpy(bytes.data() + 1, values.data(), 2 * sizeof(double));
  const TensorView view(DType::float64, Shape{2}, std::span(bytes).subspan(1));
  EXPECT_EQ(classify(view, {.classes = 1}, {}).strings, (Strings{"2.000000:1"}));
}

TEST(Classification, RefusesTypesWithoutAnOrder) {
  const std::pair<DType, std::string> unsupported[] = {{DType::float16, "'FP16'"},
                                                       {DType::bfloat16, "'BF16'"},
                                                       {DType::boolean, "'BOOL'"},
                                                       {DType::string, "'BYTES'"},
                                                       {DType::complex64, "'complex64'"}};
  for (const auto& [dtype, name] : unsupported) {
    EXPECT_TRUE(test::throws_error([dtype = dtype] { return require_classifiable(dtype), 0; },
                                   ErrorCode::invalid_argument,
                                   "class result not available for output due to unsupported type " + name));
  }
  EXPECT_TRUE(
      test::throws_error([] { return classify(Tensor(DType::boolean, Shape{2}), {.classes = 1}, {}); },
                         ErrorCode::invalid_argument, "class result not available"));
  for (const DType dtype : {DType::float32, DType::float64, DType::int8, DType::uint64}) {
    EXPECT_NO_THROW(require_classifiable(dtype));
  }
}

}  // namespace
}  // namespace onda::serving
