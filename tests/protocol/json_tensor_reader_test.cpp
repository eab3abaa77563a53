#include "protocol/json_tensor_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"
#include "support/padded_text.h"

namespace onda::protocol {
namespace {

/// Keeps what a tensor points into.
struct Reading {
  explicit Reading(const std::string& json, char padding = '7') : text(json, padding) {}
  test::PaddedText text;
  DecodedStorage storage;
  TensorView read(DType dtype, const Shape& shape) {
    JsonCursor cursor(text.text(), storage);
    const TensorView tensor =
        read_json_tensor(cursor, {.input = "x", .dtype = dtype, .shape = shape}, storage);
    cursor.expect_end();
    return tensor;
  }
};

template <class T>
std::vector<T> values(const std::string& json, const Shape& shape) {
  Reading reading(json);
  const auto elements = reading.read(dtype_of<T>, shape).template as<T>();
  return {elements.begin(), elements.end()};
}

testing::AssertionResult is_refused(const std::string& json, DType dtype, const Shape& shape,
                                    std::string_view part) {
  return test::throws_error([&] { return Reading(json).read(dtype, shape); }, ErrorCode::invalid_argument,
                            part);
}

TEST(JsonTensorReaderTest, ReadsEveryType) {
  EXPECT_EQ(values<std::int8_t>("[-128,127]", {2}), (std::vector<std::int8_t>{-128, 127}));
  EXPECT_EQ(values<std::int16_t>("[-32768,32767]", {2}), (std::vector<std::int16_t>{-32768, 32767}));
  EXPECT_EQ(values<std::int32_t>("[-2147483648,2147483647]", {2}),
            (std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::min(), 2147483647}));
  EXPECT_EQ(values<std::int64_t>("[-9223372036854775808,9223372036854775807]", {2}),
            (std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(values<std::uint8_t>("[0,255]", {2}), (std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(values<std::uint16_t>("[65535]", {1}), (std::vector<std::uint16_t>{65535}));
  EXPECT_EQ(values<std::uint32_t>("[4294967295]", {1}), (std::vector<std::uint32_t>{4294967295U}));
  EXPECT_EQ(values<std::uint64_t>("[18446744073709551615]", {1}),
            (std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()}));
  EXPECT_EQ(values<float>("[1,-2.5,3e2]", {3}), (std::vector<float>{1, -2.5F, 300}));
  EXPECT_EQ(values<double>("[0.1]", {1}), (std::vector<double>{0.1}));
  Reading booleans("[true,false]");
  const auto bytes = booleans.read(DType::boolean, {2}).bytes();
  EXPECT_EQ(bytes[0], std::byte{1});
  EXPECT_EQ(bytes[1], std::byte{0});
  Reading strings(R"(["a","\u0000\u00e9",""])");
  const auto read = strings.read(DType::string, {3}).strings();
  EXPECT_EQ(read[0], "a");
  EXPECT_EQ(read[1], std::string("\0\xC3\xA9", 3));
  EXPECT_EQ(read[2], "");
}

TEST(JsonTensorReaderTest, CountsOnlyTheLeaves) {
  const std::vector<std::int32_t> expected = {1, 2, 3, 4};
  for (const std::string json : {"[1,2,3,4]", "[[1,2],[3,4]]", "[[[1]],2,[3,[4]]]", "[[],1,[2,[]],[[3,4]]]",
                                 " [ 1 ,\n2\t,\r[ 3 ] , 4 ] "})
    EXPECT_EQ(values<std::int32_t>(json, {2, 2}), expected) << json;
}

TEST(JsonTensorReaderTest, ReadsScalarsAndNothing) {
  EXPECT_EQ(values<float>("[5]", {}), std::vector<float>{5});
  EXPECT_EQ(values<float>("[]", {0}), std::vector<float>());
  EXPECT_EQ(values<float>("[[],[]]", {2, 0}), std::vector<float>());
  EXPECT_TRUE(is_refused("[]", DType::float32, {}, "Shape does not match true shape of 'data' field"));
  EXPECT_TRUE(is_refused("5", DType::float32, {}, "'data' of input 'x' must be an array"));
}

TEST(JsonTensorReaderTest, RefusesAnotherCountWithTheTextsOfBothVersions) {
  for (const std::string json : {"[1,2,3]", "[1,2,3,4,5]", "[]", "[[1,2],[3]]"}) {
    for (const auto dtype : {DType::int32, DType::float32, DType::uint8}) {
      EXPECT_TRUE(
          is_refused(json, dtype, {2, 2}, "Failed to parse 'data' field: shape does not match true shape"));
      EXPECT_TRUE(is_refused(json, dtype, {2, 2}, "Shape does not match true shape of 'data' field"));
      EXPECT_TRUE(is_refused(json, dtype, {2, 2}, "[2,2]"));
    }
  }
  EXPECT_TRUE(is_refused(R"(["a"])", DType::string, {2}, "Shape does not match true shape of 'data' field"));
}

TEST(JsonTensorReaderTest, AllocatesNothingForAShapeThatTheTextCannotFill) {
  for (const auto dtype : {DType::float32, DType::string, DType::boolean}) {
    EXPECT_TRUE(is_refused("[1]", dtype, {std::int64_t{1} << 40U}, "Shape does not match"));
    EXPECT_TRUE(is_refused("[1]", dtype, {std::int64_t{1} << 40U, std::int64_t{1} << 40U},
                           "causes total element count to exceed maximum size"));
  }
}

/// Elements as short as they can be: the bound on their number must let them pass.
TEST(JsonTensorReaderTest, TakesTheShortestElements) {
  std::string numbers = "[0";
  std::string strings = "[\"\"";
  for (int i = 1; i < 1000; ++i) {
    numbers += ",0";
    strings += ",\"\"";
  }
  EXPECT_EQ(values<std::uint8_t>(numbers + ']', {1000}).size(), 1000U);
  Reading reading(strings + ']');
  EXPECT_EQ(reading.read(DType::string, {1000}).strings().size(), 1000U);
}

TEST(JsonTensorReaderTest, RefusesElementsOfAnotherKind) {
  for (const std::string element : {"1.0", "1e2", "\"1\"", "true", "null", "{}", "NaN", "01", "-", "+1"}) {
    EXPECT_TRUE(is_refused('[' + element + ']', DType::int32, {1}, "element 0 of input 'x'")) << element;
    EXPECT_TRUE(is_refused("[7," + element + ']', DType::int64, {2}, "element 1 of input 'x'")) << element;
  }
  for (const std::string element : {"\"1\"", "true", "null", "nan", "Inf", "1.", ".5", "{}", "[1"})
    EXPECT_THROW((void)values<float>('[' + element + ']', {1}), Error) << element;
  for (const std::string element : {"1", "0", "\"true\"", "True", "null", "tru"})
    EXPECT_THROW((void)Reading('[' + element + ']').read(DType::boolean, {1}), Error) << element;
  for (const std::string element : {"1", "true", "null", "'a'", "\"a", "\"\xFF\""})
    EXPECT_THROW((void)Reading('[' + element + ']').read(DType::string, {1}), Error) << element;
  EXPECT_TRUE(is_refused("[1.0]", DType::int32, {1}, "is no integer literal"));
}

TEST(JsonTensorReaderTest, RefusesIntegersThatDoNotFit) {
  struct Case {
    DType dtype;
    std::string_view number;
  };
  for (const auto& [dtype, number] :
       {Case{DType::int8, "128"}, Case{DType::int8, "-129"}, Case{DType::uint8, "256"},
        Case{DType::uint8, "-1"}, Case{DType::int16, "32768"}, Case{DType::uint16, "65536"},
        Case{DType::int32, "2147483648"}, Case{DType::uint32, "4294967296"},
        Case{DType::int64, "9223372036854775808"}, Case{DType::uint64, "18446744073709551616"},
        Case{DType::uint64, "-1"}, Case{DType::float32, "1e39"}, Case{DType::float64, "1e309"}})
    EXPECT_TRUE(is_refused('[' + std::string(number) + ']', dtype, {1}, "does not fit into")) << number;
}

TEST(JsonTensorReaderTest, ReadsNonFiniteNumbers) {
  const auto read = values<float>("[NaN,Infinity,-Infinity]", {3});
  EXPECT_TRUE(std::isnan(read[0]));
  EXPECT_EQ(read[1], std::numeric_limits<float>::infinity());
  EXPECT_EQ(read[2], -std::numeric_limits<float>::infinity());
}

TEST(JsonTensorReaderTest, RefusesHalfFloats) {
  EXPECT_TRUE(is_refused("[1]", DType::float16, {1}, "receiving FP16 data via JSON is not supported"));
  EXPECT_TRUE(is_refused("[1]", DType::bfloat16, {1}, "receiving BF16 data via JSON is not supported"));
}

TEST(JsonTensorReaderTest, RefusesBrokenLists) {
  for (const std::string json :
       {"[1,2", "[1 2]", "[1,]", "[,1]", "[1}", "[[1,2]", "[1,2]]", "[1,,2]", "[1;2]", "["})
    EXPECT_THROW((void)values<float>(json, {2}), Error) << json;
}

TEST(JsonTensorReaderTest, TakesNothingFromBehindTheText) {
  for (const std::string json : {"[1,2", "[1,", "[", "[1", "[[1,2]", "[12345678"}) {
    for (const char padding : {']', ',', '7', '[', ' ', '"', '.', 'e'})
      EXPECT_THROW((void)Reading(json, padding).read(DType::float32, {2}), Error) << json << padding;
  }
  EXPECT_THROW((void)Reading("[\"a", '"').read(DType::string, {1}), Error);
  EXPECT_THROW((void)Reading("[tru", 'e').read(DType::boolean, {1}), Error);
}

TEST(JsonTensorReaderTest, BoundsNesting) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + '1' + std::string(depth, ']');
  };
  EXPECT_EQ(values<float>(nested(JsonCursor::kMaxDepth), {1}), std::vector<float>{1});
  EXPECT_TRUE(is_refused(nested(JsonCursor::kMaxDepth + 1), DType::float32, {1},
                         "JSON nesting depth exceeds maximum allowed limit"));
  EXPECT_TRUE(is_refused(std::string(250'000, '['), DType::float32, {1},
                         "JSON nesting depth exceeds maximum allowed limit"));
}

}  // namespace
}  // namespace onda::protocol
