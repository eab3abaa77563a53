#include "onda/dtype.h"

#include <gtest/gtest.h>

#include <cctype>
#include <limits>
#include <string>

#include "support/error_matchers.h"

namespace onda {
namespace {

using test::throws_error;

TEST(DType, AllAreListedInOnnxsOrder) {
  const auto all = all_dtypes();
  ASSERT_EQ(all.size(), 26U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(all[i]), i + 1);
  EXPECT_EQ(all.back(), DType::int2);
}

TEST(DType, NamesReadBackInAnyCase) {
  for (const DType dtype : all_dtypes()) {
    std::string name(to_string(dtype));
    EXPECT_EQ(parse_dtype(name), dtype) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_EQ(parse_dtype(name), dtype) << name;
  }
}

TEST(DType, NamesAreThoseOfTheEnumeration) {
  EXPECT_EQ(to_string(DType::float32), "float32");
  EXPECT_EQ(to_string(DType::boolean), "bool");
  EXPECT_EQ(to_string(DType::string), "string");
  EXPECT_EQ(to_string(DType::complex128), "complex128");
  EXPECT_EQ(to_string(DType::bfloat16), "bfloat16");
  EXPECT_EQ(to_string(DType::float8e4m3fn), "float8e4m3fn");
  EXPECT_EQ(to_string(DType::float8e5m2fnuz), "float8e5m2fnuz");
  EXPECT_EQ(to_string(DType::uint4), "uint4");
  EXPECT_EQ(to_string(DType::float4e2m1), "float4e2m1");
  EXPECT_EQ(to_string(DType::float8e8m0), "float8e8m0");
  EXPECT_EQ(to_string(DType::int2), "int2");
  EXPECT_EQ(to_string(DType::undefined), "undefined");
  EXPECT_EQ(to_string(static_cast<DType>(1234)), "undefined");
  EXPECT_EQ(to_string(static_cast<DType>(-1)), "undefined");
}

TEST(DType, ShortFormsAreUnderstood) {
  EXPECT_EQ(parse_dtype("f32"), DType::float32);
  EXPECT_EQ(parse_dtype("FP32"), DType::float32);
  EXPECT_EQ(parse_dtype("Float"), DType::float32);
  EXPECT_EQ(parse_dtype("double"), DType::float64);
  EXPECT_EQ(parse_dtype("half"), DType::float16);
  EXPECT_EQ(parse_dtype("bf16"), DType::bfloat16);
  EXPECT_EQ(parse_dtype("i64"), DType::int64);
  EXPECT_EQ(parse_dtype("u8"), DType::uint8);
  EXPECT_EQ(parse_dtype("bool"), DType::boolean);
  EXPECT_EQ(parse_dtype("boolean"), DType::boolean);
  for (const std::string_view text : {"", "float3", "float321", "undefined", " float32", "object", "f\x80"}) {
    EXPECT_EQ(parse_dtype(text), std::nullopt) << text;
  }
}

TEST(DType, OnnxNumbersAreCheckedBeforeTheyAreCast) {
  EXPECT_EQ(dtype_from_onnx(0), DType::undefined);
  EXPECT_EQ(dtype_from_onnx(1), DType::float32);
  EXPECT_EQ(dtype_from_onnx(26), DType::int2);
  EXPECT_EQ(dtype_from_onnx(27), std::nullopt);
  EXPECT_EQ(dtype_from_onnx(-1), std::nullopt);
  EXPECT_EQ(dtype_from_onnx(std::numeric_limits<std::int64_t>::max()), std::nullopt);
}

TEST(DType, SizesOfElements) {
  EXPECT_EQ(bits(DType::boolean), 8U);
  EXPECT_EQ(bits(DType::float8e8m0), 8U);
  EXPECT_EQ(bits(DType::bfloat16), 16U);
  EXPECT_EQ(bits(DType::complex64), 64U);
  EXPECT_EQ(bits(DType::complex128), 128U);
  EXPECT_EQ(bits(DType::float4e2m1), 4U);
  EXPECT_EQ(bits(DType::uint2), 2U);
  EXPECT_EQ(bits(DType::string), 0U);
  EXPECT_EQ(bits(DType::undefined), 0U);
  for (const DType dtype : all_dtypes()) EXPECT_EQ(is_fixed_size(dtype), dtype != DType::string);
  EXPECT_FALSE(is_fixed_size(DType::undefined));
}

TEST(DType, PackedElementsAreRoundedUpToAByte) {
  EXPECT_EQ(byte_size(DType::int4, 0), 0U);
  EXPECT_EQ(byte_size(DType::int4, 1), 1U);
  EXPECT_EQ(byte_size(DType::int4, 2), 1U);
  EXPECT_EQ(byte_size(DType::float4e2m1, 3), 2U);
  EXPECT_EQ(byte_size(DType::uint2, 4), 1U);
  EXPECT_EQ(byte_size(DType::int2, 5), 2U);
  EXPECT_EQ(byte_size(DType::float32, 3), 12U);
  EXPECT_EQ(byte_size(DType::complex128, 3), 48U);
  EXPECT_EQ(byte_size(DType::int4, std::numeric_limits<std::size_t>::max()),
            std::numeric_limits<std::size_t>::max() / 2 + 1);
}

TEST(DType, SizesThatOverflowAreRefused) {
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(byte_size(DType::float64, kMax / 8), kMax / 8 * 8);
  EXPECT_TRUE(throws_error([] { return byte_size(DType::float64, kMax / 8 + 1); },
                           ErrorCode::invalid_argument, "float64"));
  EXPECT_TRUE(
      throws_error([] { return byte_size(DType::string, 1); }, ErrorCode::invalid_argument, "string"));
  EXPECT_TRUE(throws_error([] { return byte_size(DType::undefined, 1); }, ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace onda
