#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "onda/error.h"
#include "protocol/addsub_version.h"
#include "protocol/rest_infer.h"
#include "support/error_matchers.h"
#include "support/shared_memory.h"

namespace onda::protocol {
namespace {

using test::FakeVersion;

/// What a run gave, with the elements behind it.
struct Result {
  std::vector<NamedTensor> tensors;
  serving::InferenceResult result;

  explicit Result(std::vector<NamedTensor> given) : tensors(std::move(given)) {
    for (const NamedTensor& tensor : tensors) result.outputs.push_back({tensor.name, tensor.tensor.view()});
  }
};

template <class T>
NamedTensor tensor(std::string name, Shape shape, const std::vector<T>& values) {
  return {std::move(name), Tensor::of<T>(std::move(shape), std::span<const T>(values))};
}
NamedTensor strings(std::string name, Shape shape, std::vector<std::string> values) {
  return {std::move(name), Tensor::of_strings(std::move(shape), std::move(values))};
}
template <class T>
Result one(Shape shape, const std::vector<T>& values) {
  std::vector<NamedTensor> tensors;
  tensors.push_back(tensor<T>("y", std::move(shape), values));
  return Result(std::move(tensors));
}
Result one_of_strings(Shape shape, std::vector<std::string> values) {
  std::vector<NamedTensor> tensors;
  tensors.push_back(strings("y", std::move(shape), std::move(values)));
  return Result(std::move(tensors));
}

FakeVersion version_of(DType dtype, int max_batch_size = 0, std::vector<std::string> labels = {}) {
  auto y = spec("y", dtype);
  y.labels = std::move(labels);
  return FakeVersion(
      {.inputs = {spec("x", DType::float32)}, .outputs = {y}, .max_batch_size = max_batch_size});
}

std::string parts_of(const ResponseBody& body) {
  std::string bytes;
  for (const auto part : body.parts) bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  return bytes;
}

/// The JSON of output y alone.
std::string json_of(FakeVersion& version, const Result& result, DecodedInference asked = {}) {
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(body.content_type, "application/json");
  EXPECT_FALSE(body.json_bytes.has_value());
  const std::string prefix = R"({"model_name":"m","model_version":"1","outputs":[)";
  EXPECT_TRUE(body.head.starts_with(prefix)) << body.head;
  EXPECT_TRUE(body.head.ends_with("]}")) << body.head;
  return body.head.substr(prefix.size(), body.head.size() - prefix.size() - 2);
}

TEST(RestInferResponseTest, IsTheExampleOfTheProtocol) {
  FakeVersion version = addsub();
  std::vector<NamedTensor> tensors;
  tensors.push_back(tensor<std::int32_t>("SUM", {1, 2}, {4, 6}));
  const Result result(std::move(tensors));
  DecodedInference asked;
  asked.id = "a7";
  asked.outputs.push_back({.name = "SUM"});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(body.head, R"({"id":"a7","model_name":"addsub","model_version":"3","outputs":[)"
                       R"({"name":"SUM","datatype":"INT32","shape":[1,2],"data":[4,6]}]})");
  EXPECT_EQ(body.byte_size(), body.head.size());
}

TEST(RestInferResponseTest, IsTheBinaryExampleWithoutACopy) {
  FakeVersion version = addsub();
  std::vector<NamedTensor> tensors;
  tensors.push_back(tensor<std::int32_t>("SUM", {1, 2}, {4, 6}));
  const Result result(std::move(tensors));
  DecodedInference asked;
  asked.outputs.push_back({.name = "SUM", .binary = true});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(body.head,
            R"({"model_name":"addsub","model_version":"3","outputs":[)"
            R"({"name":"SUM","datatype":"INT32","shape":[1,2],"parameters":{"binary_data_size":8}}]})");
  EXPECT_EQ(body.content_type, "application/octet-stream");
  EXPECT_EQ(body.json_bytes, body.head.size());
  ASSERT_EQ(body.parts.size(), 1U);
  EXPECT_EQ(body.parts[0].data(), result.tensors[0].tensor.bytes().data());
  EXPECT_EQ(body.byte_size(), body.head.size() + 8);
}

TEST(RestInferResponseTest, MixesEncodingsInTheOrderAsked) {
  FakeVersion version = addsub();
  std::vector<NamedTensor> tensors;
  tensors.push_back(tensor<std::int32_t>("DIFFERENCE", {1}, {1}));
  tensors.push_back(tensor<std::int32_t>("SUM", {1}, {2}));
  const Result result(std::move(tensors));
  DecodedInference asked;
  asked.outputs.push_back({.name = "DIFFERENCE", .binary = true});
  asked.outputs.push_back({.name = "SUM"});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(body.head,
            R"({"model_name":"addsub","model_version":"3","outputs":[)"
            R"({"name":"DIFFERENCE","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}},)"
            R"({"name":"SUM","datatype":"INT32","shape":[1],"data":[2]}]})");
}

TEST(RestInferResponseTest, WritesEveryType) {
  FakeVersion version = version_of(DType::float32);
  EXPECT_EQ(json_of(version, one<float>({2, 1}, {0.5F, 1e30F})),
            R"({"name":"y","datatype":"FP32","shape":[2,1],"data":[0.5,1e+30]})");
  EXPECT_EQ(json_of(version, one<double>({}, {0.1})),
            R"({"name":"y","datatype":"FP64","shape":[],"data":[0.1]})");
  EXPECT_EQ(
      json_of(version, one<std::int64_t>({2}, {std::numeric_limits<std::int64_t>::min(),
                                               std::numeric_limits<std::int64_t>::max()})),
      R"({"name":"y","datatype":"INT64","shape":[2],"data":[-9223372036854775808,9223372036854775807]})");
  EXPECT_EQ(json_of(version, one<std::uint64_t>({1}, {std::numeric_limits<std::uint64_t>::max()})),
            R"({"name":"y","datatype":"UINT64","shape":[1],"data":[18446744073709551615]})");
  EXPECT_EQ(json_of(version, one<std::int8_t>({1}, {-1})),
            R"({"name":"y","datatype":"INT8","shape":[1],"data":[-1]})");
  EXPECT_EQ(json_of(version, one<std::uint8_t>({1}, {200})),
            R"({"name":"y","datatype":"UINT8","shape":[1],"data":[200]})");
  EXPECT_EQ(json_of(version, one<float>({0, 3}, {})),
            R"({"name":"y","datatype":"FP32","shape":[0,3],"data":[]})");
  EXPECT_EQ(json_of(version, one<float>({2}, {std::nanf(""), -std::numeric_limits<float>::infinity()})),
            R"({"name":"y","datatype":"FP32","shape":[2],"data":[NaN,-Infinity]})");
  EXPECT_EQ(json_of(version, one_of_strings({2}, {"a\"", std::string("\0", 1)})),
            R"({"name":"y","datatype":"BYTES","shape":[2],"data":["a\"","\u0000"]})");
}

TEST(RestInferResponseTest, SendsEmptyTensorsWithoutABinaryPart) {
  FakeVersion version = version_of(DType::float32);
  DecodedInference asked;
  asked.binary_by_default = true;
  EXPECT_EQ(json_of(version, one<float>({0}, {}), std::move(asked)),
            R"({"name":"y","datatype":"FP32","shape":[0],"parameters":{"binary_data_size":0}})");
}

TEST(RestInferResponseTest, SerialisesBytesIntoItself) {
  FakeVersion version = version_of(DType::string);
  DecodedInference asked;
  asked.binary_by_default = true;
  const Result result = one_of_strings({2}, {"\xFF", "abc"});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(parts_of(body), std::string("\1\0\0\0\xFF\3\0\0\0abc", 12));
  EXPECT_NE(body.head.find(R"("binary_data_size":12)"), std::string::npos);
}

TEST(RestInferResponseTest, RefusesBytesThatAreNoTextAsJson) {
  FakeVersion version = version_of(DType::string);
  const Result result = one_of_strings({2}, {"a", "\xFF"});
  ResponseBody body;
  EXPECT_TRUE(test::throws_error([&] { encode_infer_response(*version, {}, result.result, body); },
                                 ErrorCode::invalid_argument, "element 1 of output 'y'", "binary_data"));
}

TEST(RestInferResponseTest, GivesClassesInsteadOfTheTensor) {
  FakeVersion version = version_of(DType::float32, 0, {"dog", "cat"});
  DecodedInference asked;
  asked.outputs.push_back({.name = "y", .classification = 2});
  EXPECT_EQ(json_of(version, one<float>({3}, {0.5F, 1, 0.25F}), std::move(asked)),
            R"({"name":"y","datatype":"BYTES","shape":[2],"data":["1.000000:1:cat","0.500000:0:dog"]})");
}

TEST(RestInferResponseTest, RanksEachItemOfABatch) {
  FakeVersion version = version_of(DType::float32, 4);
  DecodedInference asked;
  asked.outputs.push_back({.name = "y", .binary = true, .classification = 1});
  const Result result = one<float>({2, 2}, {1, 2, 4, 3});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_NE(body.head.find(R"("datatype":"BYTES","shape":[2,1],"parameters":{"binary_data_size":28})"),
            std::string::npos)
      << body.head;
  EXPECT_EQ(parts_of(body), std::string("\x0A\0\0\0"
                                        "2.000000:1\x0A\0\0\0"
                                        "4.000000:0",
                                        28));
}

TEST(RestInferResponseTest, WritesToSharedMemory) {
  FakeVersion version = version_of(DType::int32);
  const test::SharedMemory memory("0123456789ab");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 12);
  DecodedInference asked;
  asked.outputs.push_back({.name = "y", .region = RegionPart{regions.find("r"), 2, 8}});
  const Result result = one<std::int32_t>({2}, {0x41414141, 0x42424242});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_EQ(
      body.head,
      R"({"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"INT32","shape":[2]}]})");
  EXPECT_TRUE(body.parts.empty());
  EXPECT_EQ(memory.content(), "01AAAABBBBab");
}

TEST(RestInferResponseTest, RefusesAnOutputThatItsRegionCannotHold) {
  FakeVersion version = version_of(DType::int32);
  const test::SharedMemory memory("0123456789ab");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 12);
  DecodedInference asked;
  asked.outputs.push_back({.name = "y", .region = RegionPart{regions.find("r"), 0, 4}});
  const Result result = one<std::int32_t>({2}, {1, 2});
  ResponseBody body;
  EXPECT_TRUE(test::throws_error([&] { encode_infer_response(*version, asked, result.result, body); },
                                 ErrorCode::invalid_argument, "output 'y'", "at least 8 bytes"));
  EXPECT_EQ(memory.content(), "0123456789ab");
}

TEST(RestInferResponseTest, EchoesAnyId) {
  FakeVersion version = version_of(DType::int32);
  DecodedInference asked;
  const std::string id = std::string(10'000, 'i') + "\"\xE2\x82\xAC" + std::string("\0", 1);
  asked.id = id;
  const Result result = one<std::int32_t>({1}, {1});
  ResponseBody body;
  encode_infer_response(*version, asked, result.result, body);
  EXPECT_TRUE(body.head.starts_with("{\"id\":\"" + std::string(10'000, 'i') + "\\\"\xE2\x82\xAC\\u0000\","));
}

TEST(RestInferResponseTest, StartsAnewEachTime) {
  FakeVersion version = version_of(DType::int32);
  const Result result = one<std::int32_t>({1}, {1});
  DecodedInference binary;
  binary.binary_by_default = true;
  ResponseBody body;
  encode_infer_response(*version, binary, result.result, body);
  encode_infer_response(*version, {}, result.result, body);
  EXPECT_TRUE(body.parts.empty());
  EXPECT_FALSE(body.json_bytes.has_value());
  EXPECT_EQ(body.content_type, "application/json");
}

}  // namespace
}  // namespace onda::protocol
