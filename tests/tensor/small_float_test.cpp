#include "tensor/small_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace onda::tensor {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class EverySmallFloat : public testing::TestWithParam<DType> {};

TEST_P(EverySmallFloat, ReadsBackEveryPattern) {
  const std::uint32_t patterns = 1U << bits(GetParam());
  for (std::uint32_t pattern = 0; pattern < patterns; ++pattern) {
    const double value = decode_small_float(GetParam(), pattern);
    const auto back = encode_small_float(GetParam(), value);
    ASSERT_TRUE(back.has_value()) << pattern;
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(decode_small_float(GetParam(), *back))) << pattern;
    } else {
      EXPECT_EQ(*back, pattern) << value;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, EverySmallFloat,
                         testing::Values(DType::float16, DType::bfloat16, DType::float8e4m3fn,
                                         DType::float8e4m3fnuz, DType::float8e5m2, DType::float8e5m2fnuz,
                                         DType::float4e2m1, DType::float8e8m0),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(SmallFloat, KnowsTheValuesOfTheStandard) {
  EXPECT_EQ(decode_small_float(DType::float16, 0x3C00), 1);
  EXPECT_EQ(decode_small_float(DType::float16, 0x7BFF), 65504);
  EXPECT_EQ(decode_small_float(DType::float16, 0x0001), std::ldexp(1, -24));
  EXPECT_EQ(decode_small_float(DType::float16, 0xFC00), -kInfinity);
  EXPECT_EQ(decode_small_float(DType::bfloat16, 0x4049), 3.140625);
  EXPECT_EQ(decode_small_float(DType::float8e4m3fn, 0x7E), 448);
  EXPECT_TRUE(std::isnan(decode_small_float(DType::float8e4m3fn, 0x7F)));
  EXPECT_EQ(decode_small_float(DType::float8e4m3fnuz, 0x7F), 240);
  EXPECT_TRUE(std::isnan(decode_small_float(DType::float8e4m3fnuz, 0x80)));
  EXPECT_EQ(decode_small_float(DType::float8e5m2, 0x7B), 57344);
  EXPECT_EQ(decode_small_float(DType::float8e5m2fnuz, 0x7F), 57344);
  EXPECT_EQ(decode_small_float(DType::float4e2m1, 0x7), 6);
  EXPECT_EQ(decode_small_float(DType::float4e2m1, 0xF), -6);
  EXPECT_EQ(decode_small_float(DType::float8e8m0, 127), 1);
  EXPECT_EQ(decode_small_float(DType::float8e8m0, 0), std::ldexp(1, -127));
}

TEST(SmallFloat, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(encode_small_float(DType::float16, 1 + std::ldexp(1, -11)), 0x3C00U);
  EXPECT_EQ(encode_small_float(DType::float16, 1 + 3 * std::ldexp(1, -11)), 0x3C02U);
  EXPECT_EQ(encode_small_float(DType::float16, 65519), 0x7BFFU);
  EXPECT_EQ(encode_small_float(DType::float16, std::ldexp(1, -26)), 0U);
  EXPECT_EQ(encode_small_float(DType::float16, -std::ldexp(1, -26)), 0x8000U);
}

TEST(SmallFloat, RefusesWhatTheTypeCannotHold) {
  EXPECT_EQ(encode_small_float(DType::float16, 65520), std::nullopt);
  EXPECT_EQ(encode_small_float(DType::float8e4m3fn, kInfinity), std::nullopt);
  EXPECT_EQ(encode_small_float(DType::float4e2m1, kNaN), std::nullopt);
  EXPECT_EQ(encode_small_float(DType::float8e8m0, -1), std::nullopt);
  EXPECT_EQ(encode_small_float(DType::float32, 1), std::nullopt);
}

}  // namespace
}  // namespace onda::tensor
