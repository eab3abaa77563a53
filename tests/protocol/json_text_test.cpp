#include "protocol/json_text.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

std::string string_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

template <class T>
std::string elements(DType dtype, const std::vector<T>& values) {
  // At an odd address: tensors lie where they come.
  const auto bytes = std::as_bytes(std::span(values));
  std::vector<std::byte> shifted(bytes.size() + 1);
  std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
  std::string out = "x";
  append_json_elements(out, dtype, std::span<const std::byte>(shifted).subspan(1));
  return out.substr(1);
}

TEST(JsonTextTest, EscapesWhatJsonNeedsEscaped) {
  EXPECT_EQ(string_json(""), "\"\"");
  EXPECT_EQ(string_json("plain \xC3\xA9 / \x7F"), "\"plain \xC3\xA9 / \x7F\"");
  EXPECT_EQ(string_json("\"\\\n\t\r"), R"("\"\\\n\t\r")");
  EXPECT_EQ(string_json(std::string("\0\x01\x1F", 3)), R"("\u0000\u0001\u001f")");
  EXPECT_EQ(string_json("a\"b"), R"("a\"b")");
}

TEST(JsonTextTest, ReplacesOrRefusesWhatIsNoUtf8) {
  EXPECT_EQ(string_json("a\xFF"
                        "b\xC3"),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"");
  std::string out = "x";
  EXPECT_FALSE(try_append_json_string(out, "a\xFF"));
  EXPECT_FALSE(try_append_json_string(out, "\xED\xA0\x80"));
  EXPECT_EQ(out, "x");
  EXPECT_TRUE(try_append_json_string(out, std::string_view("\0", 1)));
  EXPECT_EQ(out, R"(x"\u0000")");
}

TEST(JsonTextTest, WritesNumbersThatComeBack) {
  std::string out;
  append_json_number(out, std::numeric_limits<std::int64_t>::min());
  out += ' ';
  append_json_number(out, std::numeric_limits<std::uint64_t>::max());
  out += ' ';
  append_json_number(out, 0.1F);
  out += ' ';
  append_json_number(out, 0.1);
  out += ' ';
  append_json_number(out, -std::numeric_limits<double>::min());
  EXPECT_EQ(out, "-9223372036854775808 18446744073709551615 0.1 0.1 -2.2250738585072014e-308");
}

TEST(JsonTextTest, WritesElementsOfEveryType) {
  EXPECT_EQ(elements<std::uint8_t>(DType::boolean, {1, 0, 1}), "[true,false,true]");
  EXPECT_EQ(elements<std::uint8_t>(DType::uint8, {0, 255}), "[0,255]");
  EXPECT_EQ(elements<std::int8_t>(DType::int8, {-128, 127}), "[-128,127]");
  EXPECT_EQ(elements<std::uint16_t>(DType::uint16, {65535}), "[65535]");
  EXPECT_EQ(elements<std::int16_t>(DType::int16, {-32768}), "[-32768]");
  EXPECT_EQ(elements<std::uint32_t>(DType::uint32, {4294967295U}), "[4294967295]");
  EXPECT_EQ(elements<std::int32_t>(DType::int32, {std::numeric_limits<std::int32_t>::min()}),
            "[-2147483648]");
  EXPECT_EQ(elements<std::int64_t>(DType::int64, {std::numeric_limits<std::int64_t>::min(),
                                                  std::numeric_limits<std::int64_t>::max()}),
            "[-9223372036854775808,9223372036854775807]");
  EXPECT_EQ(elements<std::uint64_t>(DType::uint64, {std::numeric_limits<std::uint64_t>::max()}),
            "[18446744073709551615]");
  EXPECT_EQ(elements<float>(DType::float32, {0.5F, -3, 16777216, 3.4028235e38F}),
            "[0.5,-3,16777216,3.4028235e+38]");
  EXPECT_EQ(elements<double>(DType::float64, {0.1, 5e-324}), "[0.1,5e-324]");
  EXPECT_EQ(elements<float>(DType::float32, {}), "[]");
}

TEST(JsonTextTest, WritesNonFiniteNumbersAsPythonReadsThem) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(elements<float>(DType::float32, {std::nanf(""), -std::nanf(""), infinity, -infinity}),
            "[NaN,NaN,Infinity,-Infinity]");
  EXPECT_EQ(elements<double>(DType::float64, {std::nan(""), -std::numeric_limits<double>::infinity()}),
            "[NaN,-Infinity]");
}

TEST(JsonTextTest, WritesMoreThanItsBufferHolds) {
  std::vector<double> values(10'000, -std::numeric_limits<double>::min());
  std::string expected = "[-2.2250738585072014e-308";
  for (std::size_t i = 1; i < values.size(); ++i) expected += ",-2.2250738585072014e-308";
  EXPECT_EQ(elements(DType::float64, values), expected + ']');
}

TEST(JsonTextTest, KnowsWhatHasNoJsonForm) {
  EXPECT_TRUE(has_json_form(DType::string));
  EXPECT_TRUE(has_json_form(DType::boolean));
  EXPECT_FALSE(has_json_form(DType::float16));
  EXPECT_FALSE(has_json_form(DType::bfloat16));
  EXPECT_FALSE(has_json_form(DType::int4));
  EXPECT_TRUE(test::throws_error([] { return elements<std::uint16_t>(DType::float16, {1}); },
                                 ErrorCode::internal, "float16"));
}

}  // namespace
}  // namespace onda::protocol
