#include "image/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace onda::image {
namespace {

/// The number that half-precision bits stand for, by the definition of the format.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? std::numeric_limits<double>::infinity()
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Float16Test, EveryHalfNumberIsItself) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half & 0x7FFF) > 0x7C00) continue;  // NaN
    EXPECT_EQ(to_float16_bits(static_cast<float>(value_of(half))), half);
  }
}

TEST(Float16Test, BetweenTwoNumbersTheNearerWinsAndEvenOnATie) {
  for (std::uint16_t half = 0; half < 0x7BFF; ++half) {
    const auto above = static_cast<std::uint16_t>(half + 1);
    const auto middle = static_cast<float>((value_of(half) + value_of(above)) / 2);
    EXPECT_EQ(to_float16_bits(middle), half % 2 == 0 ? half : above);
    EXPECT_EQ(to_float16_bits(std::nextafter(middle, 0.0F)), half);
    EXPECT_EQ(to_float16_bits(std::nextafter(middle, 1e6F)), above);
    EXPECT_EQ(to_float16_bits(-middle), (half % 2 == 0 ? half : above) | 0x8000);
  }
}

TEST(Float16Test, EndsOfTheRange) {
  EXPECT_EQ(to_float16_bits(65504.0F), 0x7BFF);
  EXPECT_EQ(to_float16_bits(65519.996F), 0x7BFF);
  EXPECT_EQ(to_float16_bits(65520.0F), 0x7C00);
  EXPECT_EQ(to_float16_bits(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(to_float16_bits(-std::numeric_limits<float>::infinity()), 0xFC00);
  EXPECT_EQ(to_float16_bits(std::numeric_limits<float>::denorm_min()), 0x0000);
  EXPECT_EQ(to_float16_bits(-0.0F), 0x8000);
  const std::uint16_t nan = to_float16_bits(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(nan & 0x7C00, 0x7C00);
  EXPECT_NE(nan & 0x03FF, 0);
}

}  // namespace
}  // namespace onda::image
