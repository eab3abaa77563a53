#include "protocol/json_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>

#include "support/padded_text.h"

namespace onda::protocol {
namespace {

template <class Number>
struct Read {
  NumberProblem problem = NumberProblem::none;
  Number value{};
  std::size_t length = 0;
};

template <class Number>
Read<Number> read(const std::string& text, char padding = '7') {
  const test::PaddedText body(text, padding);
  Read<Number> result;
  const char* const begin = body.text().data();
  const NumberEnd end = read_json_number(begin, begin + text.size(), result.value);
  result.problem = end.problem;
  result.length = static_cast<std::size_t>(end.at - begin);
  // The short way must say the same, or nothing.
  Number common{};
  const char* const common_end = read_common_number(begin, common);
  if (common_end != nullptr && common_end <= begin + text.size()) {
    EXPECT_EQ(end.problem, NumberProblem::none) << text;
    EXPECT_EQ(common_end, end.at) << text;
    EXPECT_EQ(std::memcmp(&common, &result.value, sizeof(common)), 0) << text;
  }
  return result;
}

TEST(JsonNumberTest, TakesTheShortWayForCommonNumbers) {
  const auto is_common = [](const std::string& text, auto number) {
    const test::PaddedText body(text + ',');
    return read_common_number(body.text().data(), number) == body.text().data() + text.size();
  };
  for (const std::string text : {"0.5", "-1.25", "0.123456789012345", "9.0", "0.12345678"}) {
    EXPECT_TRUE(is_common(text, 0.0)) << text;
    EXPECT_TRUE(is_common(text, 0.0F)) << text;
  }
  for (const std::string text : {"0", "-7", "255", "1234567"}) EXPECT_TRUE(is_common(text, 0)) << text;
}

/// What follows a number: something that ends it.
template <class Number>
Read<Number> read_one(const std::string& text) {
  Read<Number> result = read<Number>(text + ',');
  if (result.problem == NumberProblem::none) {
    EXPECT_EQ(result.length, text.size()) << text;
  }
  return result;
}

template <class Float>
void expect_as_from_chars(const std::string& text) {
  Float expected = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
  ASSERT_EQ(error, std::errc{}) << text;
  ASSERT_EQ(end, text.data() + text.size()) << text;
  const auto result = read_one<Float>(text);
  ASSERT_EQ(result.problem, NumberProblem::none) << text;
  using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
  ASSERT_EQ(std::bit_cast<Bits>(result.value), std::bit_cast<Bits>(expected)) << text;
}

template <class Float>
std::string shortest(Float value) {
  char digits[64];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr};
}

/// Not all of to_chars's numbers are JSON's: "1e+05" is.
TEST(JsonNumberTest, RoundsAsTheStandardLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto as_double = std::bit_cast<double>(random());
    if (std::isnormal(as_double)) expect_as_from_chars<double>(shortest(as_double));
    const auto as_float = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isnormal(as_float)) {
      expect_as_from_chars<float>(shortest(as_float));
      // As Python prints a float that was made a double.
      expect_as_from_chars<float>(shortest(static_cast<double>(as_float)));
    }
    if (HasFatalFailure()) return;
  }
}

TEST(JsonNumberTest, RoundsDecimalsOfEveryLengthAsTheStandardLibrary) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200'000; ++i) {
    std::string digits = std::to_string(random());
    digits.resize(1 + random() % digits.size());
    std::string text = (random() % 2 != 0 ? "-" : "") + std::to_string(random() % 1000) + '.' + digits;
    if (random() % 4 == 0) text += "e" + std::to_string(static_cast<int>(random() % 60) - 30);
    expect_as_from_chars<double>(text);
    expect_as_from_chars<float>(text);
    if (HasFatalFailure()) return;
  }
}

TEST(JsonNumberTest, RoundsTheHardCases) {
  for (const std::string text : {"0",
                                 "-0",
                                 "0.0",
                                 "0e5",
                                 "1",
                                 "0.1",
                                 "0.5",
                                 "16777217",
                                 "16777216",
                                 "16777219",
                                 "33554434.5",
                                 "9007199254740993",
                                 "9007199254740992",
                                 "9007199254740991.5",
                                 "1.00000005960464477539062",
                                 "1.000000059604644775390626",
                                 "1.0000000596046447753906249",
                                 "2.2250738585072014e-308",
                                 "123456789012345678901234567890",
                                 "1e22",
                                 "1e23",
                                 "8.5e22",
                                 "1e-22",
                                 "0.000000000000000000000000000000001",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "0.3",
                                 "2.5",
                                 "1.7976931348623157e308",
                                 "7.2057594037927933e16",
                                 "0.00000000000000000012345678901234567890",
                                 "99999999999999999999",
                                 "1E5",
                                 "1e+5",
                                 "3.4028234663852886e38"}) {
    expect_as_from_chars<double>(text);
  }
  for (const std::string text :
       {"16777217", "16777216", "16777219", "33554434.5", "1.00000005960464477539062",
        "1.000000059604644775390626", "1.0000000596046447753906249", "3.4028235e38", "1.17549435e-38",
        "1e-40", "1.4e-45", "0.1", "8388608.5", "8388609.5"}) {
    expect_as_from_chars<float>(text);
  }
}

TEST(JsonNumberTest, RoundsHalvesToEven) {
  EXPECT_EQ(read_one<float>("16777217").value, 16777216.0F);
  EXPECT_EQ(read_one<float>("16777219").value, 16777220.0F);
  EXPECT_EQ(read_one<double>("9007199254740993").value, 9007199254740992.0);
}

TEST(JsonNumberTest, TellsTooLargeFromTooSmall) {
  EXPECT_EQ(read_one<float>("1e39").problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<float>("-3.5e38").problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<double>("1e400").problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<double>("1e99999999999999999999").problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<double>(std::string(400, '9')).problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<double>(std::string(400, '9') + "e-390").problem, NumberProblem::none);
  for (const std::string text : {"1e-50", "1e-99999999999999999999", "0.0000e99999999999999999999"}) {
    const auto result = read_one<float>(text);
    EXPECT_EQ(result.problem, NumberProblem::none) << text;
    EXPECT_EQ(result.value, 0.0F) << text;
  }
  EXPECT_TRUE(std::signbit(read_one<float>("-1e-50").value));
  EXPECT_TRUE(std::signbit(read_one<double>("-0").value));
}

TEST(JsonNumberTest, ReadsTheTokensThatJsonLacks) {
  EXPECT_TRUE(std::isnan(read_one<float>("NaN").value));
  EXPECT_EQ(read_one<double>("Infinity").value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(read_one<float>("-Infinity").value, -std::numeric_limits<float>::infinity());
  for (const std::string text : {"nan", "Na", "-NaN", "Inf", "inf", "+Infinity", "infinity"})
    EXPECT_EQ(read_one<double>(text).problem, NumberProblem::not_a_number) << text;
}

TEST(JsonNumberTest, RefusesWhatIsNoJsonNumber) {
  for (const std::string text : {"", "-", "+1", ".5", "-.5", "1.", "1.e5", "01", "00", "-01", "007.5", "1e",
                                 "1e+", "1e-", "x", "\"1\"", "true", "--1", "e5"}) {
    EXPECT_EQ(read_one<double>(text).problem, NumberProblem::not_a_number) << text;
    EXPECT_NE(read_one<std::int32_t>(text).problem, NumberProblem::none) << text;
  }
}

TEST(JsonNumberTest, StopsWhereTheNumberDoes) {
  EXPECT_EQ(read<double>("0x10").length, 1U);
  EXPECT_EQ(read<double>("1.5.2").length, 3U);
  EXPECT_EQ(read<std::int32_t>("12 ").length, 2U);
}

/// The text ends, the readable bytes do not: digits behind it must not become part of a number.
TEST(JsonNumberTest, TakesNothingFromBehindTheText) {
  for (const std::string text : {"1", "12345678", "1.5", "-2", "1e5", "123456789012345678", "1.2345678"}) {
    for (const char padding : {'7', '.', 'e', '-'}) {
      const auto real = read<double>(text, padding);
      EXPECT_TRUE(real.problem != NumberProblem::none || real.length <= text.size()) << text << padding;
      const auto whole = read<std::int64_t>(text, padding);
      EXPECT_TRUE(whole.problem != NumberProblem::none || whole.length <= text.size()) << text << padding;
    }
  }
}

template <class Integer>
void expect_limits() {
  const std::string highest = std::to_string(std::numeric_limits<Integer>::max());
  const std::string lowest = std::to_string(std::numeric_limits<Integer>::min());
  EXPECT_EQ(read_one<Integer>(highest).value, std::numeric_limits<Integer>::max());
  EXPECT_EQ(read_one<Integer>(lowest).value, std::numeric_limits<Integer>::min());
  EXPECT_EQ(read_one<Integer>("0").value, 0);
  EXPECT_EQ(read_one<Integer>("-0").value, 0);
  // One more.
  std::string more = highest;
  more.back() = static_cast<char>(more.back() + 1);
  ASSERT_LE(more.back(), '9');
  EXPECT_EQ(read_one<Integer>(more).problem, NumberProblem::out_of_range) << more;
  std::string less = std::numeric_limits<Integer>::is_signed ? lowest : "-0";
  less.back() = static_cast<char>(less.back() + 1);
  EXPECT_EQ(read_one<Integer>(less).problem, NumberProblem::out_of_range) << less;
}

TEST(JsonNumberTest, ReadsIntegersExactlyUpToTheirLimits) {
  expect_limits<std::int8_t>();
  expect_limits<std::int16_t>();
  expect_limits<std::int32_t>();
  expect_limits<std::int64_t>();
  expect_limits<std::uint8_t>();
  expect_limits<std::uint16_t>();
  expect_limits<std::uint32_t>();
  expect_limits<std::uint64_t>();
  EXPECT_EQ(read_one<std::uint64_t>("99999999999999999999999999").problem, NumberProblem::out_of_range);
  EXPECT_EQ(read_one<std::uint64_t>("18446744073709551616").problem, NumberProblem::out_of_range);
}

TEST(JsonNumberTest, TakesOnlyLiteralsForIntegers) {
  for (const std::string text : {"1.0", "1e3", "1E0", "0.5", "-3.0"})
    EXPECT_EQ(read_one<std::int64_t>(text).problem, NumberProblem::not_an_integer) << text;
}

TEST(JsonNumberTest, ReadsIntegersOfEveryLength) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    const auto result = read_one<std::uint64_t>(std::to_string(value));
    ASSERT_EQ(result.problem, NumberProblem::none) << value;
    ASSERT_EQ(result.value, value);
    const auto negative = static_cast<std::int64_t>(value >> 1U);
    ASSERT_EQ(read_one<std::int64_t>(std::to_string(-negative)).value, -negative);
  }
}

}  // namespace
}  // namespace onda::protocol
