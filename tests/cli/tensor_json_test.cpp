#include "cli/tensor_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "onda/error.h"

namespace onda::cli {
namespace {

Tensor read(std::string_view text, std::optional<DType> declared = std::nullopt) {
  return read_tensor_json(std::as_bytes(std::span(text)), declared);
}

std::string refusal(std::string_view text, std::optional<DType> declared = std::nullopt) {
  try {
    (void)read(text, declared);
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
  return "accepted";
}

std::string written(const TensorView& tensor) {
  JsonWriter json;
  write_tensor_json(json, "", tensor);
  return json.finish();
}

TEST(TensorJson, ReadsNestedLists) {
  const Tensor tensor = read("[[1, 2.5, -3e2],\n [4, 5, 6]]");
  EXPECT_EQ(tensor.dtype(), DType::float32);
  EXPECT_EQ(tensor.shape(), (Shape{2, 3}));
  EXPECT_EQ(tensor.as<float>()[2], -300.0F);
  EXPECT_EQ(tensor.as<float>()[5], 6.0F);
}

TEST(TensorJson, ReadsScalarsAndEmptyLists) {
  EXPECT_EQ(read(" 3.5 ").shape(), Shape{});
  EXPECT_EQ(read(" 3.5 ").as<float>()[0], 3.5F);
  EXPECT_EQ(read("\"word\"").strings()[0], "word");
  EXPECT_EQ(read("[]").shape(), Shape{0});
  EXPECT_EQ(read("[[], []]").shape(), (Shape{2, 0}));
}

TEST(TensorJson, ReadsAnObjectInAnyOrder) {
  const Tensor tensor = read(R"({"data": [1, 2, 3, 4], "dtype": "int64", "shape": [2, 2], "name": "x"})");
  EXPECT_EQ(tensor.dtype(), DType::int64);
  EXPECT_EQ(tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(tensor.as<std::int64_t>()[3], 4);
  EXPECT_EQ(read(R"({"shape": [1, 2], "data": [[1, 2]]})").shape(), (Shape{1, 2}));
  EXPECT_EQ(read(R"({"shape": [1, 1], "data": 7})").shape(), (Shape{1, 1}));
}

TEST(TensorJson, ReadsAsTheDeclaredDtype) {
  EXPECT_EQ(read("[1, 2]", DType::int8).dtype(), DType::int8);
  EXPECT_EQ(read("[true, 0]", DType::boolean).as<bool>()[0], true);
  EXPECT_EQ(read("[1, 2]", DType::float64).as<double>()[1], 2.0);
  EXPECT_EQ(read("[9007199254740993]", DType::int64).as<std::int64_t>()[0], 9007199254740993);
  EXPECT_EQ(read("[18446744073709551615]", DType::uint64).as<std::uint64_t>()[0], UINT64_MAX);
  EXPECT_EQ(read(R"(["a", "é\n"])", DType::string).strings()[1], "é\n");
}

TEST(TensorJson, ReadsNaNAndInfinityAsPythonWritesThem) {
  const Tensor tensor = read("[NaN, Infinity, -Infinity]");
  EXPECT_TRUE(std::isnan(tensor.as<float>()[0]));
  EXPECT_TRUE(std::isinf(tensor.as<float>()[1]));
  EXPECT_LT(tensor.as<float>()[2], 0);
  EXPECT_TRUE(std::isnan(read("NaN", DType::float64).as<double>()[0]));
}

TEST(TensorJson, TakesTooSmallNumbersForZeroAndRefusesTooLargeOnes) {
  EXPECT_EQ(read("[1e-60]").as<float>()[0], 0.0F);
  EXPECT_EQ(refusal("[[0, 1e60]]"), "invalid_argument: JSON: data[0][1]: 1e60: too large for float32");
}

TEST(TensorJson, NeverRoundsCutsOrWraps) {
  EXPECT_EQ(refusal("[1.5]", DType::int32),
            "invalid_argument: JSON: data[0]: 1.5: no whole number, as is needed for int32");
  EXPECT_EQ(refusal("[0, 256]", DType::uint8),
            "invalid_argument: JSON: data[1]: 256: out of range for uint8");
  EXPECT_EQ(refusal("[-1]", DType::uint8), "invalid_argument: JSON: data[0]: -1: out of range for uint8");
  EXPECT_EQ(refusal("[8]", DType::int4), "invalid_argument: JSON: data[0]: 8: out of range for int4");
  EXPECT_EQ(refusal("[2]", DType::boolean),
            "invalid_argument: JSON: data[0]: 2: expected true or false for bool");
  EXPECT_EQ(refusal("[\"1\"]", DType::float32),
            "invalid_argument: JSON: data[0]: \"1\": expected a number for float32");
  EXPECT_EQ(refusal("[1]", DType::string), "invalid_argument: JSON: data[0]: expected a string");
  EXPECT_EQ(refusal("[nan]").substr(0, 16), "invalid_argument");
  EXPECT_EQ(refusal("[0x10]").substr(0, 16), "invalid_argument");
}

TEST(TensorJson, RefusesAnotherDtypeThanTheModels) {
  EXPECT_EQ(refusal(R"({"dtype": "float64", "data": [1]})", DType::float32),
            "type_mismatch: JSON: \"dtype\" is float64, the model takes float32");
}

TEST(TensorJson, RefusesRaggedLists) {
  for (const auto* text : {"[[1, 2], [3]]", "[1, [2]]", "[[1], 2]", "[[], [1]]", "[[1], []]", "[[[]], [1]]",
                           "[[[]], [[], []]]", "[[], [[]]]"}) {
    EXPECT_EQ(refusal(text).substr(0, 16), "invalid_argument") << text;
  }
}

TEST(TensorJson, RefusesShapesThatTheDataDoNotHave) {
  EXPECT_EQ(refusal(R"({"shape": [2, 3], "data": [1, 2]})"),
            "shape_mismatch: JSON: \"data\" has shape [2], but \"shape\" is [2,3]");
  EXPECT_EQ(refusal(R"({"shape": [4], "data": [[1, 2], [3, 4]]})").substr(0, 14), "shape_mismatch");
  EXPECT_EQ(refusal(R"({"shape": [9223372036854775807], "data": []})").substr(0, 14), "shape_mismatch");
  EXPECT_NE(refusal(R"({"shape": [9223372036854775807, 4], "data": []})"), "accepted");
  EXPECT_EQ(refusal(R"({"shape": [-1], "data": [1]})").substr(0, 16), "invalid_argument");
}

TEST(TensorJson, RefusesTextThatIsNoTensor) {
  for (const auto* text : {"",
                           "  ",
                           "[",
                           "]",
                           "[1",
                           "[1,]",
                           "[1 2]",
                           "[1] 2",
                           "{}",
                           "{\"data\": [1]} x",
                           "{\"data\": [1], \"data\": [2]}",
                           "{\"dat\": [1]}",
                           "{\"shape\": [1]}",
                           "nul",
                           "{\"data\": {\"a\": 1}}",
                           "[null]",
                           "1 2",
                           "\"a\" \"b\"",
                           "[\"\xFF\"]",
                           "{\"dtype\": \"flaot\", \"data\": 1}",
                           "[[1],[2]"}) {
    EXPECT_EQ(refusal(text).substr(0, 16), "invalid_argument") << text;
  }
  EXPECT_NE(refusal("{\"dat\": [1]}").find("did you mean data?"), std::string::npos);
}

TEST(TensorJson, BoundsTheDepth) {
  const std::size_t rank = Shape::kMaxRank;
  EXPECT_EQ(read(std::string(rank, '[') + "1" + std::string(rank, ']')).shape().rank(), rank);
  EXPECT_EQ(refusal(std::string(rank + 1, '[') + "1" + std::string(rank + 1, ']')).substr(0, 16),
            "invalid_argument");
  EXPECT_EQ(refusal(std::string(1'000'000, '[')).substr(0, 16), "invalid_argument");
}

TEST(TensorJson, WritesWhatItReads) {
  EXPECT_EQ(written(read("[[1, NaN], [0.1, -Infinity]]")),
            "{\n  \"dtype\": \"float32\",\n  \"shape\": [2, 2],\n  \"data\": [\n    [1, NaN],\n    [0.1, "
            "-Infinity]\n  ]\n"
            "}\n");
}

struct RoundTripCase {
  DType dtype;
  std::string_view data;
};

class EveryDtype : public testing::TestWithParam<RoundTripCase> {};

TEST_P(EveryDtype, ComesBackUnchanged) {
  const Tensor first = read(GetParam().data, GetParam().dtype);
  const std::string text = written(first);
  const Tensor second = read(text);
  EXPECT_EQ(second.dtype(), GetParam().dtype);
  EXPECT_EQ(second.shape(), first.shape());
  EXPECT_TRUE(
      std::equal(first.bytes().begin(), first.bytes().end(), second.bytes().begin(), second.bytes().end()));
  EXPECT_TRUE(std::equal(first.strings().begin(), first.strings().end(), second.strings().begin(),
                         second.strings().end()));
  EXPECT_EQ(written(second), text);
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryDtype,
    testing::Values(
        RoundTripCase{DType::float32, "[1.5, -0.1, 3e38]"}, RoundTripCase{DType::uint8, "[0, 255]"},
        RoundTripCase{DType::int8, "[-128, 127]"}, RoundTripCase{DType::uint16, "[0, 65535]"},
        RoundTripCase{DType::int16, "[-32768, 32767]"}, RoundTripCase{DType::int32, "[-2147483648, 5]"},
        RoundTripCase{DType::int64, "[-9223372036854775808, 5]"},
        RoundTripCase{DType::string, R"(["", "a b", "\u0000x"])"},
        RoundTripCase{DType::boolean, "[true, false]"}, RoundTripCase{DType::float16, "[1.5, -65504, NaN]"},
        RoundTripCase{DType::float64, "[0.1, 1e300]"}, RoundTripCase{DType::uint32, "[4294967295]"},
        RoundTripCase{DType::uint64, "[18446744073709551615]"},
        RoundTripCase{DType::complex64, "[[1, -2], [0.5, 3]]"},
        RoundTripCase{DType::complex128, "[[[1, -2]]]"}, RoundTripCase{DType::bfloat16, "[3.140625]"},
        RoundTripCase{DType::float8e4m3fn, "[448, -0.5]"}, RoundTripCase{DType::float8e4m3fnuz, "[240]"},
        RoundTripCase{DType::float8e5m2, "[57344, Infinity]"}, RoundTripCase{DType::float8e5m2fnuz, "[1]"},
        RoundTripCase{DType::uint4, "[1, 15, 7]"}, RoundTripCase{DType::int4, "[-8, 7, -1]"},
        RoundTripCase{DType::float4e2m1, "[6, -0.5, 1]"}, RoundTripCase{DType::float8e8m0, "[2, 0.5]"},
        RoundTripCase{DType::uint2, "[3, 1, 2, 0, 3]"}, RoundTripCase{DType::int2, "[-2, 1, -1, 0, 1]"}),
    [](const auto& test) { return std::string(to_string(test.param.dtype)); });

}  // namespace
}  // namespace onda::cli
