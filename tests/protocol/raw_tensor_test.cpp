#include "protocol/raw_tensor.h"

#include <gtest/gtest.h>

#include <string>

#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

constexpr RawTensorOf kOf{.input = "x", .model = "m"};

TensorView read(std::string_view raw, DType dtype, const Shape& shape, DecodedStorage& storage) {
  return read_raw_tensor(std::as_bytes(std::span(raw)), {.dtype = dtype, .shape = shape}, kOf, storage);
}

TEST(RawTensorTest, IsAViewAtAnyAddress) {
  DecodedStorage storage;
  const std::string body = "?12345678";
  const TensorView tensor = read(std::string_view(body).substr(1), DType::float32, {2}, storage);
  EXPECT_EQ(static_cast<const void*>(tensor.bytes().data()), body.data() + 1);
  EXPECT_EQ(tensor.element_count(), 2U);
}

TEST(RawTensorTest, NeedsExactlyTheBytesOfItsShape) {
  DecodedStorage storage;
  for (const std::string raw : {"", "1234567", "123456789"}) {
    EXPECT_TRUE(test::throws_error(
        [&] {
          return read(raw, DType::int32, {1, 2}, storage);
        },
        ErrorCode::invalid_argument,
        "input byte size mismatch for input 'x' for model 'm'. Expected 8, got " +
            std::to_string(raw.size())));
  }
}

TEST(RawTensorTest, TakesScalarsAndNothing) {
  DecodedStorage storage;
  EXPECT_EQ(read("12345678", DType::int64, {}, storage).element_count(), 1U);
  EXPECT_EQ(read("", DType::int64, {3, 0}, storage).element_count(), 0U);
  EXPECT_EQ(read("", DType::string, {0}, storage).element_count(), 0U);
}

TEST(RawTensorTest, RefusesShapesThatOverflow) {
  DecodedStorage storage;
  constexpr std::int64_t kBig = std::int64_t{1} << 32U;
  EXPECT_TRUE(test::throws_error(
      [&] {
        return read("", DType::int8, {kBig, kBig}, storage);
      },
      ErrorCode::invalid_argument, "causes total element count to exceed maximum size"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return read("", DType::int8, {kBig, kBig, 0}, storage);
      },
      ErrorCode::invalid_argument, "causes total element count to exceed maximum size"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return read("", DType::float64, {kBig, kBig / 4}, storage);
      },
      ErrorCode::invalid_argument, "byte size overflow for input 'x'"));
  EXPECT_TRUE(test::throws_error([&] { return read("", DType::int8, {-1}, storage); },
                                 ErrorCode::invalid_argument, "contains one or more invalid dimensions"));
}

TEST(RawTensorTest, RefusesBooleansOtherThan0And1) {
  DecodedStorage storage;
  const std::string good("\0\1\0\1\1\1\0\0\0\1\1", 11);
  EXPECT_EQ(read(good, DType::boolean, {11}, storage).element_count(), 11U);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char wrong : {'\2', '\x80', '\xFF'}) {
      std::string bad = good;
      bad[at] = wrong;
      EXPECT_TRUE(test::throws_error([&] { return read(bad, DType::boolean, {11}, storage); },
                                     ErrorCode::invalid_argument, "BOOL", "'x'"));
    }
  }
}

TEST(RawTensorTest, TakesBytesApart) {
  DecodedStorage storage;
  const TensorView tensor = read(std::string_view("\1\0\0\0a\0\0\0\0", 9), DType::string, {1, 2}, storage);
  ASSERT_EQ(tensor.strings().size(), 2U);
  EXPECT_EQ(tensor.strings()[0], "a");
  EXPECT_EQ(tensor.strings()[1], "");
}

}  // namespace
}  // namespace onda::protocol
