#include "tensor/element_value.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace onda::tensor {
namespace {

template <class T>
double only(T value) {
  return element_value(Tensor::of<T>(Shape{1}, std::span<const T>(&value, 1)), 0);
}

TEST(ElementValue, ReadsEveryWidth) {
  EXPECT_EQ(only<float>(0.5F), 0.5);
  EXPECT_EQ(only<double>(-1e300), -1e300);
  EXPECT_EQ(only<std::int8_t>(-128), -128);
  EXPECT_EQ(only<std::uint8_t>(255), 255);
  EXPECT_EQ(only<std::int16_t>(-32768), -32768);
  EXPECT_EQ(only<std::uint16_t>(65535), 65535);
  EXPECT_EQ(only<std::int32_t>(-7), -7);
  EXPECT_EQ(only<std::uint32_t>(4294967295U), 4294967295.0);
  EXPECT_EQ(only<std::int64_t>(-9), -9);
  EXPECT_EQ(only<std::uint64_t>(std::uint64_t{1} << 63U), std::ldexp(1, 63));
  EXPECT_EQ(only<bool>(true), 1);
}

TEST(ElementValue, ReadsPackedAndSmallTypes) {
  const std::array<std::byte, 2> bytes = {std::byte{0x8F}, std::byte{0x01}};
  const TensorView packed(DType::int4, Shape{3}, bytes);
  EXPECT_EQ(element_value(packed, 0), -1);
  EXPECT_EQ(element_value(packed, 1), -8);
  EXPECT_EQ(element_value(packed, 2), 1);
  const TensorView half(DType::float16, Shape{1}, std::span(bytes));
  EXPECT_EQ(element_value(half, 0), decode_small_float(DType::float16, 0x018F));
}

TEST(ElementValue, WhatIsNoNumberIsNaN) {
  EXPECT_TRUE(std::isnan(element_value(Tensor::of_strings(Shape{1}, {"1"}), 0)));
  const std::array<std::byte, 8> zeros = {};
  EXPECT_TRUE(std::isnan(element_value(TensorView(DType::complex64, Shape{1}, zeros), 0)));
}

TEST(ElementValue, TellsTheExactKind) {
  const std::vector<std::int64_t> values = {std::numeric_limits<std::int64_t>::max()};
  std::int64_t seen = 0;
  const auto tensor = Tensor::of<std::int64_t>(Shape{1}, std::span<const std::int64_t>(values));
  EXPECT_TRUE(visit_number(tensor, 0, [&seen](auto value) {
    if constexpr (std::is_same_v<decltype(value), std::int64_t>) seen = value;
  }));
  EXPECT_EQ(seen, values[0]);
}

}  // namespace
}  // namespace onda::tensor
