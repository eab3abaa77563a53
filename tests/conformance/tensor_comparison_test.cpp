#include "conformance/tensor_comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace onda::test {
namespace {

template <class T>
std::string compare(const std::vector<T>& expected, const std::vector<T>& actual) {
  const auto size = static_cast<std::int64_t>(expected.size());
  return difference(TensorView::of<T>({size}, expected), TensorView::of<T>({size}, actual));
}

std::string compare_bits(DType dtype, std::uint16_t expected, std::uint16_t actual) {
  return difference(TensorView(dtype, Shape(), std::as_bytes(std::span(&expected, 1))),
                    TensorView(dtype, Shape(), std::as_bytes(std::span(&actual, 1))));
}

TEST(TensorComparison, FloatsMayDifferALittle) {
  EXPECT_EQ(compare<float>({1000}, {1000.9F}), "");
  EXPECT_NE(compare<float>({1000}, {1001.1F}), "");
  EXPECT_EQ(compare<float>({0}, {5e-8F}), "");
  EXPECT_NE(compare<double>({0}, {2e-7}), "");
}

TEST(TensorComparison, NotANumberEqualsItselfAndInfinityHasASign) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(compare<double>({nan, INFINITY}, {nan, INFINITY}), "");
  EXPECT_NE(compare<double>({nan}, {0}), "");
  EXPECT_NE(compare<double>({0}, {nan}), "");
  EXPECT_NE(compare<double>({INFINITY}, {-INFINITY}), "");
  EXPECT_NE(compare<double>({INFINITY}, {1e300}), "");
  EXPECT_NE(compare<double>({1e300}, {INFINITY}), "");
}

TEST(TensorComparison, IntegersAndStringsAreExact) {
  EXPECT_EQ(compare<std::int64_t>({100000}, {100000}), "");
  EXPECT_NE(compare<std::int64_t>({100000}, {100001}), "");
  const std::vector<std::string> a = {"a"};
  const std::vector<std::string> b = {"b"};
  EXPECT_EQ(difference(TensorView({1}, a), TensorView({1}, a)), "");
  EXPECT_EQ(difference(TensorView({1}, a), TensorView({1}, b)), "\"b\", expected \"a\"");
}

TEST(TensorComparison, HalvesAreComparedByTheirValue) {
  EXPECT_EQ(compare_bits(DType::float16, 0x7BFF, 0x7BFE), "") << "65504 and 65472";
  EXPECT_NE(compare_bits(DType::float16, 0x7BFF, 0x7C00), "") << "65504 and infinity";
  EXPECT_NE(compare_bits(DType::float16, 0x0001, 0x0003), "") << "6e-8 and 1.8e-7, subnormal";
  EXPECT_EQ(compare_bits(DType::float16, 0x7E00, 0xFE01), "") << "both not a number";
  EXPECT_EQ(compare_bits(DType::float16, 0x0000, 0x8000), "") << "0 and -0";
  EXPECT_NE(compare_bits(DType::bfloat16, 0x3F80, 0x3F81), "") << "1 and 1.0078";
  EXPECT_EQ(compare_bits(DType::bfloat16, 0x3F80, 0x3F80), "");
}

TEST(TensorComparison, ComplexNumbersAreTwoParts) {
  const std::vector<float> expected = {1, 2};
  const std::vector<float> actual = {1, 3};
  const auto view = [](const std::vector<float>& parts) {
    return TensorView(DType::complex64, Shape(), std::as_bytes(std::span(parts)));
  };
  EXPECT_EQ(difference(view(expected), view(expected)), "");
  EXPECT_NE(difference(view(expected), view(actual)), "");
}

TEST(TensorComparison, AnInfiniteToleranceLeavesDTypeAndShape) {
  const std::vector<std::uint8_t> a = {1, 2};
  const std::vector<std::uint8_t> b = {3, 4};
  const Tolerance any = {0, INFINITY};
  EXPECT_EQ(difference(TensorView::of<std::uint8_t>({2}, a), TensorView::of<std::uint8_t>({2}, b), any), "");
  EXPECT_NE(difference(TensorView::of<std::uint8_t>({2}, a), TensorView::of<std::uint8_t>({1, 2}, b), any),
            "");
}

TEST(TensorComparison, DTypeAndShapeCount) {
  const std::vector<float> floats = {1, 2};
  const std::vector<std::int32_t> integers = {1, 2};
  EXPECT_EQ(difference(TensorView::of<float>({2}, floats), TensorView::of<float>({1, 2}, floats)),
            "shape [1,2], expected [2]");
  EXPECT_EQ(difference(TensorView::of<float>({2}, floats), TensorView::of<std::int32_t>({2}, integers)),
            "dtype int32, expected float32");
}

}  // namespace
}  // namespace onda::test
