#include "protocol/rest_infer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "onda/error.h"
#include "protocol/addsub_version.h"
#include "support/error_matchers.h"
#include "support/padded_text.h"
#include "support/shared_memory.h"

namespace onda::protocol {
namespace {

using test::FakeVersion;
using test::PaddedText;

/// A request and what was made of it; keeps what the latter points into.
class Request {
 public:
  explicit Request(std::string body) : body_(std::move(body)) {}
  Request(const std::string& json, const std::string& binary)
      : body_(json + binary), header_(std::to_string(json.size())) {}
  static Request with_header(std::string body, std::string header) {
    Request request(std::move(body));
    request.header_ = std::move(header);
    return request;
  }

  const DecodedInference& decode(FakeVersion& version, const serving::SharedMemoryRegions& regions) {
    decode_infer(body_.bytes(), header_, *version, regions, decoded_);
    return decoded_;
  }
  const DecodedInference& decode(FakeVersion& version) {
    const serving::SharedMemoryRegions none(false);
    return decode(version, none);
  }
  [[nodiscard]] const PaddedText& body() const noexcept { return body_; }

 private:
  PaddedText body_;
  std::optional<std::string> header_;
  DecodedInference decoded_;
};

template <class... Parts>
testing::AssertionResult is_refused(FakeVersion version, Request request, Parts... parts) {
  return test::throws_error([&] { request.decode(version); }, ErrorCode::invalid_argument, parts...);
}

template <class T>
std::vector<T> elements(const TensorView& tensor) {
  std::vector<T> values(tensor.element_count());
  EXPECT_EQ(tensor.dtype(), dtype_of<T>);
  EXPECT_EQ(tensor.bytes().size(), values.size() * sizeof(T));
  std::memcpy(values.data(), tensor.bytes().data(), tensor.bytes().size());
  return values;
}

std::string raw(std::initializer_list<std::int32_t> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(std::int32_t)};
}

using Ints = std::vector<std::int32_t>;

FakeVersion one_input(DType dtype, Shape shape = {Shape::kDynamic}, int max_batch_size = 0) {
  return FakeVersion({.inputs = {spec("x", dtype, std::move(shape))},
                      .outputs = {spec("y", DType::float32)},
                      .max_batch_size = max_batch_size});
}

FakeVersion one_output(DType dtype) {
  return FakeVersion({.inputs = {spec("x", DType::float32)}, .outputs = {spec("y", dtype)}});
}

/// An input "x" of one FP32 element, and what else the request holds.
std::string with_input(const std::string& more) {
  return R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}])" + more + '}';
}

TEST(RestInferTest, ReadsTheExampleOfTheProtocol) {
  FakeVersion version = addsub();
  Request request(R"({"id":"a7","inputs":[
 {"name":"A","shape":[1,2],"datatype":"INT32","data":[[1,2]]},
 {"name":"B","shape":[1,2],"datatype":"INT32","data":[3,4]}],"outputs":[{"name":"SUM"}]})");
  const DecodedInference& decoded = request.decode(version);
  EXPECT_EQ(decoded.id, "a7");
  ASSERT_EQ(decoded.inputs.size(), 2U);
  EXPECT_EQ(decoded.inputs[0].name, "A");
  EXPECT_EQ(decoded.inputs[0].tensor.shape(), (Shape{1, 2}));
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[0].tensor), (Ints{1, 2}));
  EXPECT_EQ(decoded.inputs[1].name, "B");
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[1].tensor), (Ints{3, 4}));
  ASSERT_EQ(decoded.outputs.size(), 1U);
  EXPECT_EQ(decoded.outputs[0].name, "SUM");
  EXPECT_FALSE(decoded.outputs[0].binary);
}

TEST(RestInferTest, ReadsTheBinaryExampleInPlace) {
  FakeVersion version = addsub();
  const std::string json =
      R"({"inputs":[{"name":"A","datatype":"INT32","shape":[1,2],"parameters":{"binary_data_size":8}},)"
      R"({"name":"B","datatype":"INT32","shape":[1,2],"parameters":{"binary_data_size":8}}],)"
      R"("outputs":[{"name":"SUM","parameters":{"binary_data":true}}]})";
  Request request(json, raw({1, 2}) + raw({3, 4}));
  const DecodedInference& decoded = request.decode(version);
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[0].tensor), (Ints{1, 2}));
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[1].tensor), (Ints{3, 4}));
  EXPECT_EQ(decoded.inputs[0].tensor.bytes().data(), request.body().bytes().data() + json.size());
  EXPECT_TRUE(decoded.outputs[0].binary);
}

TEST(RestInferTest, TakesMembersInAnyOrderAndIgnoresOthers) {
  FakeVersion version = addsub();
  Request request(
      R"({"model_name":"addsub","outputs":[],"parameters":{},"x":[{"y":null}],)"
      R"("inputs":[{"data":[[1],[2]],"kserve":1,"parameters":{},"shape":[1,2],"datatype":"INT32","name":"B"},)"
      R"({"shape":[1,2],"data":[3,4],"name":"A","datatype":"INT32"}],"id":""})");
  const DecodedInference& decoded = request.decode(version);
  EXPECT_EQ(decoded.id, "");
  EXPECT_EQ(decoded.inputs[0].name, "B");
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[0].tensor), (Ints{1, 2}));
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[1].tensor), (Ints{3, 4}));
  EXPECT_TRUE(decoded.outputs.empty());
}

TEST(RestInferTest, MixesJsonBinaryAndSharedMemory) {
  FakeVersion version({.inputs = {spec("j", DType::int32), spec("b", DType::int32), spec("s", DType::int32),
                                  spec("c", DType::string)},
                       .outputs = {spec("y", DType::float32)}});
  test::SharedMemory memory("????" + raw({7, 8}));
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 12);
  const std::string json =
      R"({"inputs":[{"name":"b","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}},)"
      R"({"name":"j","datatype":"INT32","shape":[1],"data":[5]},)"
      R"({"name":"s","datatype":"INT32","shape":[2],"parameters":{"shared_memory_region":"r",)"
      R"("shared_memory_offset":4,"shared_memory_byte_size":8}},)"
      R"({"name":"c","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}],)"
      R"("outputs":[{"name":"y","parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}}]})";
  Request request(json, raw({6}) + std::string("\2\0\0\0ab\0\0\0\0", 10));
  const DecodedInference& decoded = request.decode(version, regions);
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[0].tensor), Ints{6});
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[1].tensor), Ints{5});
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[2].tensor), (Ints{7, 8}));
  EXPECT_EQ(decoded.inputs[3].tensor.strings()[0], "ab");
  ASSERT_TRUE(decoded.outputs[0].region.has_value());
  EXPECT_EQ(decoded.outputs[0].region->byte_size, 4U);
  // The client may do with it what it likes from here on.
  memory.fill(4, raw({0, 0}));
  EXPECT_EQ(elements<std::int32_t>(decoded.inputs[2].tensor), (Ints{7, 8}));
}

TEST(RestInferTest, RefusesRegionsThatCannotBeRight) {
  FakeVersion version = one_input(DType::int32);
  const test::SharedMemory memory(raw({1, 2}));
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 8);
  const auto refused = [&](const std::string& parameters, ErrorCode code, std::string_view part) {
    Request request(R"({"inputs":[{"name":"x","datatype":"INT32","shape":[2],"parameters":{)" + parameters +
                    "}}]}");
    return test::throws_error([&] { request.decode(version, regions); }, code, part);
  };
  EXPECT_TRUE(refused(R"("shared_memory_region":"q","shared_memory_byte_size":8)", ErrorCode::not_found,
                      "Unable to find shared memory region: 'q'"));
  EXPECT_TRUE(
      refused(R"("shared_memory_region":"r")", ErrorCode::invalid_argument, "shared_memory_byte_size"));
  EXPECT_TRUE(refused(R"("shared_memory_region":"r","shared_memory_byte_size":8,"shared_memory_offset":8)",
                      ErrorCode::invalid_argument, "Invalid offset for shared memory region"));
  EXPECT_TRUE(refused(R"("shared_memory_region":"r","shared_memory_byte_size":8,"shared_memory_offset":1)",
                      ErrorCode::invalid_argument, "Invalid offset + byte size for shared memory region"));
  EXPECT_TRUE(refused(
      R"("shared_memory_region":"r","shared_memory_byte_size":18446744073709551615,"shared_memory_offset":1)",
      ErrorCode::invalid_argument, "Invalid offset + byte size for shared memory region"));
  EXPECT_TRUE(refused(R"("shared_memory_region":"r","shared_memory_byte_size":4)",
                      ErrorCode::invalid_argument, "Expected 8, got 4"));
  EXPECT_TRUE(refused(R"("shared_memory_region":"r","shared_memory_byte_size":-8)",
                      ErrorCode::invalid_argument, "non-negative"));
}

TEST(RestInferTest, RefusesBooleansOtherThan0And1FromAnywhere) {
  const std::string json =
      R"({"inputs":[{"name":"x","datatype":"BOOL","shape":[2],"parameters":{"binary_data_size":2}}]})";
  EXPECT_TRUE(is_refused(one_input(DType::boolean), Request(json, std::string("\1\2")), "BOOL"));
  FakeVersion version = one_input(DType::boolean);
  const test::SharedMemory memory(std::string("\1\2"));
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 2);
  Request request(R"({"inputs":[{"name":"x","datatype":"BOOL","shape":[2],"parameters":)"
                  R"({"shared_memory_region":"r","shared_memory_byte_size":2}}]})");
  EXPECT_TRUE(
      test::throws_error([&] { request.decode(version, regions); }, ErrorCode::invalid_argument, "BOOL"));
}

TEST(RestInferTest, NeedsOneSourceForEachInput) {
  constexpr std::string_view kText = "Input must set only one of the following fields";
  const auto with = [](const std::string& members) {
    return Request(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1])" + members + "}]}");
  };
  EXPECT_TRUE(is_refused(one_input(DType::float32), with(""), kText));
  EXPECT_TRUE(is_refused(one_input(DType::float32), with(R"(,"parameters":{})"), kText));
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         with(R"(,"data":[1],"parameters":{"binary_data_size":4})"), kText));
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         with(R"(,"data":[1],"parameters":{"binary_data_size":0})"), kText));
  EXPECT_TRUE(is_refused(
      one_input(DType::float32),
      with(R"(,"parameters":{"binary_data_size":4,"shared_memory_region":"r","shared_memory_byte_size":4})"),
      kText));
}

TEST(RestInferTest, RefusesWhatIsMissingOrOfAnotherKind) {
  struct Case {
    std::string json;
    std::string_view part;
  };
  const Case cases[] = {
      {"", "must be an object"},
      {"[]", "must be an object"},
      {"{", "expected a key"},
      {"{}", "no 'inputs'"},
      {R"({"inputs":{}})", "'inputs' must be an array"},
      {R"({"inputs":null})", "'inputs' must be an array"},
      {R"({"inputs":[1]})", "must be an object"},
      {R"({"inputs":[{}]})", "no 'name'"},
      {R"({"inputs":[{"name":1}]})", "'name' of an input must be a string"},
      {R"({"inputs":[{"name":"x"}]})", "no 'datatype'"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","data":[1]}]})", "no 'shape'"},
      {R"({"inputs":[{"name":"x","datatype":"STRING"}]})", "no datatype 'STRING'"},
      {R"({"inputs":[{"name":"x","datatype":1}]})", "must be a string"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":1}]})", "'shape' of an input must be an array"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[-1]}]})",
       "contains one or more invalid dimensions"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1.0]}]})", "non-negative integer"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":["1"]}]})", "non-negative integer"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[99999999999999999999],"data":[]}]})",
       "a dimension"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[9223372036854775808],"data":[]}]})",
       "causes total element count to exceed maximum size"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[9223372036854775807,2],"data":[]}]})",
       "causes total element count to exceed maximum size"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[9223372036854775807],"parameters":{"binary_data_size":0}}]})",
       "byte size overflow for input"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":1}]})", "must be an array"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1],"parameters":[]}]})",
       "must be an object"},
      {R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":-4}}]})",
       "'binary_data_size' must be a non-negative integer"},
      {R"({"inputs":[{"name":"x","name":"x"}]})", "'name' is there twice"},
      {R"({"inputs":[],"inputs":[]})", "'inputs' is there twice"},
      {with_input(R"(,"outputs":{})"), "'outputs' must be an array"},
      {with_input(R"(,"outputs":[{}])"), "no 'name'"},
      {with_input(R"(,"outputs":[{"name":"y","parameters":{"binary_data":1}}])"),
       "'binary_data' must be a boolean"},
      {with_input(R"(,"outputs":[{"name":"y","parameters":{"classification":-1}}])"), "'classification'"},
      {with_input(R"(,"id":7)"), "'id' must be a string"},
      {with_input(R"(,"parameters":7)"), "'parameters' must be an object"},
      {with_input("") + "x", "unexpected data after the JSON"},
      {with_input("") + "{}", "unexpected data after the JSON"},
  };
  for (const Case& wrong : cases)
    EXPECT_TRUE(is_refused(one_input(DType::float32), Request(wrong.json), wrong.part)) << wrong.json;
}

TEST(RestInferTest, TakesNoRankBeyondTheBound) {
  std::string shape = "1";
  for (std::size_t i = 1; i <= Shape::kMaxRank; ++i) shape += ",1";
  EXPECT_TRUE(is_refused(
      one_input(DType::float32),
      Request(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[)" + shape + R"(],"data":[1]}]})"),
      "more than 64 dimensions"));
}

TEST(RestInferTest, RefusesInputsThatTheModelDoesNotHaveRoomFor) {
  const std::string input = R"({"name":"A","datatype":"INT32","shape":[1],"data":[1]})";
  EXPECT_TRUE(is_refused(addsub(), Request(R"({"inputs":[)" + input + ',' + input + "]}"),
                         "input 'A' already exists in request"));
  std::string many = input + R"(,{"name":"B","datatype":"INT32","shape":[1],"data":[1]})";
  for (int i = 0; i < 1000; ++i) many += ",{\"name\":\"C\"}";
  EXPECT_TRUE(is_refused(addsub(), Request(R"({"inputs":[)" + many + "]}"),
                         "expected 2 inputs but got 1002 inputs for model 'addsub'"));
}

TEST(RestInferTest, RefusesOutputsThatTheModelDoesNotHave) {
  FakeVersion version = one_input(DType::float32);
  Request unknown(with_input(R"(,"outputs":[{"name":"z"}])"));
  try {
    unknown.decode(version);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("unexpected inference output 'z' for model"))
        << error.what();
  }
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         Request(with_input(R"(,"outputs":[{"name":"y"},{"name":"y"}])")),
                         "output 'y' already exists in request"));
}

TEST(RestInferTest, BoundsTheHeadersLength) {
  const std::string body = with_input("");
  FakeVersion version = one_input(DType::float32);
  EXPECT_EQ(Request::with_header(body, std::to_string(body.size())).decode(version).inputs.size(), 1U);
  for (const std::string header :
       {"-1", "abc", "", " 5", "5 ", "1e2", "99999999999", "2147483648", "99999999999999999999999"}) {
    EXPECT_TRUE(is_refused(one_input(DType::float32), Request::with_header(body, header),
                           "inference header size should be in range"));
  }
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         Request::with_header(body, std::to_string(body.size() + 1)),
                         "inference header size should be in range"));
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         Request::with_header(body, std::to_string(body.size() - 1)),
                         "failed to parse the request JSON"));
}

TEST(RestInferTest, CountsTheBinaryBytes) {
  const std::string json =
      R"({"inputs":[{"name":"x","datatype":"INT32","shape":[2],"parameters":{"binary_data_size":8}}]})";
  EXPECT_TRUE(is_refused(one_input(DType::int32), Request(json, raw({1})),
                         "unexpected size for input 'x', expecting 4 additional bytes for model 'm'"));
  EXPECT_TRUE(is_refused(one_input(DType::int32), Request(json, raw({1, 2, 3})),
                         "unexpected additional input data for model 'm'"));
  EXPECT_TRUE(is_refused(one_input(DType::int32), Request(json), "expecting 8 additional bytes"));
  EXPECT_TRUE(
      is_refused(one_input(DType::int32), Request(json + raw({1, 2})), "expecting 8 additional bytes"));
  const std::string wrong =
      R"({"inputs":[{"name":"x","datatype":"INT32","shape":[3],"parameters":{"binary_data_size":8}}]})";
  EXPECT_TRUE(is_refused(one_input(DType::int32), Request(wrong, raw({1, 2})),
                         "input byte size mismatch for input 'x' for model 'm'. Expected 12, got 8"));
  const std::string strings =
      R"({"inputs":[{"name":"x","datatype":"BYTES","shape":[3],"parameters":{"binary_data_size":8}}]})";
  EXPECT_TRUE(is_refused(one_input(DType::string), Request(strings, std::string(8, '\0')),
                         "expected 3 string elements for inference input 'x'"));
}

TEST(RestInferTest, TakesEmptyTensors) {
  const std::string json =
      R"({"inputs":[{"name":"x","datatype":"INT32","shape":[0],"parameters":{"binary_data_size":0}}]})";
  FakeVersion version = one_input(DType::int32);
  EXPECT_EQ(Request(json).decode(version).inputs[0].tensor.element_count(), 0U);
  EXPECT_EQ(Request(json, "").decode(version).inputs[0].tensor.element_count(), 0U);
  EXPECT_EQ(Request(R"({"inputs":[{"name":"x","datatype":"INT32","shape":[0],"data":[]}]})")
                .decode(version)
                .inputs[0]
                .tensor.element_count(),
            0U);
}

TEST(RestInferTest, TakesHalfFloatsAsBytesOnly) {
  FakeVersion version = one_input(DType::float16);
  Request binary(
      R"({"inputs":[{"name":"x","datatype":"FP16","shape":[1],"parameters":{"binary_data_size":2}}]})", "ab");
  EXPECT_EQ(binary.decode(version).inputs[0].tensor.dtype(), DType::float16);
  EXPECT_TRUE(is_refused(one_input(DType::float16),
                         Request(R"({"inputs":[{"name":"x","datatype":"FP16","shape":[1],"data":[1]}]})"),
                         "receiving FP16 data via JSON is not supported"));
  EXPECT_TRUE(is_refused(one_input(DType::bfloat16),
                         Request(R"({"inputs":[{"name":"x","data":[1],"datatype":"BF16","shape":[1]}]})"),
                         "receiving BF16 data via JSON is not supported"));
}

TEST(RestInferTest, ReadsItsOwnParametersAndLeavesOthers) {
  FakeVersion version = one_input(DType::float32);
  Request request(
      with_input(R"(,"parameters":{"priority":18446744073709551615,"timeout":5000,"sequence_id":"s",)"
                 R"("sequence_start":true,"sequence_end":false,"mine":1.5,"text":"t","headers":true})"));
  const DecodedInference& decoded = request.decode(version);
  EXPECT_EQ(decoded.priority, ~std::uint64_t{0});
  EXPECT_EQ(decoded.timeout_us, 5000U);
  EXPECT_EQ(Request(with_input(R"(,"parameters":{"sequence_id":7})")).decode(version).priority, 0U);
}

TEST(RestInferTest, RefusesParametersOfAnotherKind) {
  for (const std::string wrong :
       {R"("mine":{})", R"("mine":[])", R"("mine":null)", R"("priority":-1)", R"("priority":"1")",
        R"("priority":1.0)", R"("timeout":"5")", R"("timeout":true)", R"("sequence_id":1.5)",
        R"("sequence_id":true)", R"("sequence_start":1)", R"("sequence_end":"x")",
        R"("binary_data_output":1)"})
    EXPECT_TRUE(is_refused(one_input(DType::float32), Request(with_input(",\"parameters\":{" + wrong + '}'))))
        << wrong;
  EXPECT_TRUE(is_refused(one_input(DType::float32),
                         Request(with_input(R"(,"parameters":{"triton_enable_empty_final_response":true})")),
                         "reserved for Triton usage"));
}

TEST(RestInferTest, LetsTheOutputDecideAboutItsEncodingElseTheRequest) {
  FakeVersion version = one_input(DType::float32);
  const auto is_binary = [&](const std::string& more) {
    Request request(with_input(more));
    const DecodedInference& decoded = request.decode(version);
    return decoded.outputs.empty() ? decoded.binary_by_default : decoded.outputs[0].binary;
  };
  EXPECT_FALSE(is_binary(""));
  EXPECT_TRUE(is_binary(R"(,"parameters":{"binary_data_output":true})"));
  EXPECT_TRUE(is_binary(R"(,"outputs":[{"name":"y"}],"parameters":{"binary_data_output":true})"));
  EXPECT_FALSE(is_binary(
      R"(,"outputs":[{"name":"y","parameters":{"binary_data":false}}],"parameters":{"binary_data_output":true})"));
  EXPECT_TRUE(is_binary(R"(,"outputs":[{"name":"y","parameters":{"binary_data":true}}])"));
}

TEST(RestInferTest, RefusesBeforeTheRunWhatCouldNotBeAnswered) {
  EXPECT_TRUE(is_refused(one_output(DType::float16), Request(with_input("")), "sending FP16 data via JSON"));
  EXPECT_TRUE(is_refused(one_output(DType::bfloat16), Request(with_input(R"(,"outputs":[{"name":"y"}])")),
                         "sending BF16 data via JSON", "binary_data"));
  FakeVersion half = one_output(DType::float16);
  Request binary(with_input(R"(,"parameters":{"binary_data_output":true})"));
  EXPECT_TRUE(binary.decode(half).binary_by_default);
  for (const DType dtype : {DType::float16, DType::bfloat16, DType::boolean, DType::string}) {
    EXPECT_TRUE(is_refused(
        one_output(dtype),
        Request(
            with_input(R"(,"outputs":[{"name":"y","parameters":{"classification":3,"binary_data":true}}])")),
        "class result not available for output due to unsupported type"));
  }
  FakeVersion scores = one_output(DType::float32);
  Request classes(with_input(R"(,"outputs":[{"name":"y","parameters":{"classification":99999999999}}])"));
  EXPECT_EQ(classes.decode(scores).outputs[0].classification, 0xFFFFFFFFU);
  Request none(with_input(R"(,"outputs":[{"name":"y","parameters":{"classification":0}}])"));
  EXPECT_EQ(none.decode(scores).outputs[0].classification, 0U);

  const test::SharedMemory memory("12345678");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 8);
  Request both(
      with_input(R"(,"outputs":[{"name":"y","parameters":{"classification":1,"shared_memory_region":"r",)"
                 R"("shared_memory_byte_size":8}}])"));
  EXPECT_TRUE(test::throws_error([&] { both.decode(scores, regions); }, ErrorCode::invalid_argument,
                                 "'classification' and shared memory do not go together"));
}

TEST(RestInferTest, TakesAWholeBodyAsTheTensor) {
  FakeVersion fixed = one_input(DType::int32, {2});
  Request two = Request::with_header(raw({1, 2}), "0");
  const DecodedInference& decoded = two.decode(fixed);
  EXPECT_TRUE(decoded.binary_by_default);
  FakeVersion variable = one_input(DType::int32, {Shape::kDynamic, 2});
  Request three = Request::with_header(raw({1, 2, 3, 4, 5, 6}), "0");
  EXPECT_EQ(three.decode(variable).inputs[0].tensor.shape(), (Shape{3, 2}));
  EXPECT_EQ(three.decode(variable).inputs[0].name, "x");
  Request nothing = Request::with_header("", "0");
  EXPECT_EQ(nothing.decode(variable).inputs[0].tensor.shape(), (Shape{0, 2}));
  FakeVersion batched = one_input(DType::int32, {Shape::kDynamic, Shape::kDynamic}, 8);
  Request item = Request::with_header(raw({1, 2, 3}), "0");
  EXPECT_EQ(item.decode(batched).inputs[0].tensor.shape(), (Shape{1, 3}));
  FakeVersion text = one_input(DType::string, {Shape::kDynamic, 1}, 8);
  Request string = Request::with_header("hello", "0");
  EXPECT_EQ(string.decode(text).inputs[0].tensor.strings()[0], "hello");
  EXPECT_EQ(string.decode(text).inputs[0].tensor.shape(), (Shape{1, 1}));
}

TEST(RestInferTest, RefusesAWholeBodyThatCouldBeSeveralTensors) {
  const auto whole = [](std::string body) { return Request::with_header(std::move(body), "0"); };
  EXPECT_TRUE(is_refused(addsub(), whole(raw({1, 2})), "single input"));
  EXPECT_TRUE(is_refused(one_input(DType::int32, {2}), whole(raw({1})), "Expected 8, got 4"));
  EXPECT_TRUE(is_refused(one_input(DType::int32, {-1, -1}), whole(raw({1})), "several"));
  EXPECT_TRUE(is_refused(one_input(DType::int32, {-1, 2}), whole(raw({1})), "no multiple of the 8 bytes"));
  EXPECT_TRUE(is_refused(one_input(DType::int32, {-1, 0}), whole(raw({1})), "no multiple"));
  EXPECT_TRUE(is_refused(one_input(DType::string, {2}), whole("a"), "BYTES only for shape [1]"));
  EXPECT_TRUE(is_refused(one_input(DType::boolean, {1}), whole("\2"), "BOOL"));
}

TEST(RestInferTest, FillsTheSchedulersRequest) {
  class Filled final : public serving::InferenceRequest {
    void on_complete() noexcept override {}
  };
  FakeVersion version = one_input(DType::float32);
  Request request(
      with_input(R"(,"outputs":[{"name":"y"}],"parameters":{"priority":2,"timeout":18446744073709551615})"));
  Filled filled;
  fill_request(filled, request.decode(version));
  ASSERT_EQ(filled.inputs.size(), 1U);
  EXPECT_EQ(filled.inputs[0].name, "x");
  EXPECT_EQ(filled.outputs, std::vector<std::string_view>{"y"});
  EXPECT_EQ(filled.priority, 2U);
  EXPECT_GT(filled.timeout, std::chrono::hours(24));
}

/// One request object serves a connection: what one request leaves must not be in the next.
TEST(RestInferTest, StartsAnewEachTime) {
  FakeVersion version = one_input(DType::float32);
  const serving::SharedMemoryRegions none(false);
  DecodedInference decoded;
  const PaddedText first(
      with_input(R"(,"id":"i","outputs":[{"name":"y"}],"parameters":{"binary_data_output":true})"));
  decode_infer(first.bytes(), std::nullopt, *version, none, decoded);
  const PaddedText second(with_input(""));
  decode_infer(second.bytes(), std::nullopt, *version, none, decoded);
  EXPECT_EQ(decoded.id, "");
  EXPECT_EQ(decoded.inputs.size(), 1U);
  EXPECT_TRUE(decoded.outputs.empty());
  EXPECT_FALSE(decoded.binary_by_default);
}

TEST(RestInferTest, WritesErrorsAsBoundedJson) {
  EXPECT_EQ(error_body("it's \"wrong\""), R"({"error":"it's \"wrong\""})");
  EXPECT_EQ(error_body("\xFF"), "{\"error\":\"\xEF\xBF\xBD\"}");
  std::string longest;
  while (longest.size() < 100'000) longest += "\xC3\xA9";
  const std::string body = error_body("x" + longest);
  EXPECT_LT(body.size(), 10'000U);
  EXPECT_EQ(body.find("\xEF\xBF\xBD"), std::string::npos);
  EXPECT_TRUE(body.ends_with("\"}"));
}

}  // namespace
}  // namespace onda::protocol
