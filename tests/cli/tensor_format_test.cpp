#include "cli/tensor_format.h"

#include <gtest/gtest.h>

#include "cli/usage_error.h"
#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::cli {
namespace {

TensorFormat detect(std::string_view bytes, const std::string& file = "-", bool is_raw = false) {
  return detect_format(std::as_bytes(std::span(bytes)), file, is_raw);
}

TEST(TensorFormat, IsToldByContent) {
  EXPECT_EQ(detect("\x89PNG\r\n\x1a\n", "a.npy"), TensorFormat::image);
  EXPECT_EQ(detect("\x93NUMPY\x01", "a.png"), TensorFormat::npy);
  EXPECT_EQ(detect(" [1, 2]"), TensorFormat::json);
  EXPECT_EQ(detect("NaN"), TensorFormat::json);
  // dims 2 and 3, then the type: the first byte is a newline, as JSON might begin.
  EXPECT_EQ(detect(std::string_view("\x0a\x02\x02\x03\x10\x01", 6)), TensorFormat::tensor_proto);
  EXPECT_EQ(detect(std::string_view("\x08\x02\x10\x01", 4)), TensorFormat::tensor_proto);
}

TEST(TensorFormat, IsToldByNameWhereTheContentIsOpen) {
  EXPECT_EQ(detect("[1]", "a.raw"), TensorFormat::raw);
  EXPECT_EQ(detect("[1]", "a.BIN"), TensorFormat::raw);
  EXPECT_EQ(detect("[1]", "a", true), TensorFormat::raw);
  EXPECT_EQ(detect("\x7f", "a.pb"), TensorFormat::tensor_proto);
  EXPECT_EQ(detect("x", "a.json"), TensorFormat::json);
}

TEST(TensorFormat, RefusesWhatIsNoneOfThem) {
  EXPECT_TRUE(test::throws_error([] { return detect(""); }, ErrorCode::invalid_argument, "empty"));
  EXPECT_TRUE(test::throws_error([] { return detect("GIF89a"); }, ErrorCode::invalid_argument, "--dtype"));
  EXPECT_TRUE(test::throws_error([] { return detect(std::string_view("\0\1\2\3", 4)); },
                                 ErrorCode::invalid_argument));
}

TEST(TensorFormat, WritesEachForm) {
  const Tensor tensor = Tensor::of<float>(Shape{2}, std::vector<float>{1, 2});
  EXPECT_EQ(encode_tensor(TensorFormat::npy, "y", tensor).substr(0, 6), "\x93NUMPY");
  EXPECT_EQ(encode_tensor(TensorFormat::raw, "y", tensor).size(), 8U);
  EXPECT_NE(encode_tensor(TensorFormat::json, "y", tensor).find("\"data\": [1, 2]"), std::string::npos);
  EXPECT_EQ(detect(encode_tensor(TensorFormat::tensor_proto, "y", tensor)), TensorFormat::tensor_proto);
  const Tensor words = Tensor::of_strings(Shape{1}, {"a"});
  EXPECT_TRUE(test::throws_error([&] { return encode_tensor(TensorFormat::raw, "y", words); },
                                 ErrorCode::type_mismatch, "strings"));
}

TEST(TensorFormat, KnowsTheFormatsByName) {
  EXPECT_EQ(parse_output_format("pb"), TensorFormat::tensor_proto);
  EXPECT_THROW((void)parse_output_format("numpy"), UsageError);
  EXPECT_EQ(format_of_name("dir.npy/x.JSON"), TensorFormat::json);
  EXPECT_EQ(format_of_name("x.txt"), std::nullopt);
}

}  // namespace
}  // namespace onda::cli
