#include "protocol/grpc_infer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "protocol/grpc_reference.h"
#include "protocol/grpc_service.pb.h"
#include "support/error_matchers.h"
#include "support/shared_memory.h"

namespace onda::protocol {
namespace {

using inference::ModelInferRequest;

/// A decoded request with the bytes that it points into.
class Decoded {
 public:
  explicit Decoded(std::string message, std::size_t slice_bytes = 7,
                   const serving::SharedMemoryRegions* regions = nullptr)
      : message_(std::move(message)) {
    const auto bytes = std::as_bytes(std::span(message_));
    for (std::size_t at = 0; at < bytes.size(); at += slice_bytes) {
      slices_.push_back(bytes.subspan(at, std::min(slice_bytes, bytes.size() - at)));
    }
    const serving::SharedMemoryRegions none(false);
    reader_.open(slices_, inference_);
    reader_.decode(regions != nullptr ? *regions : none);
  }
  [[nodiscard]] const DecodedInference& operator*() const { return inference_; }
  [[nodiscard]] const DecodedInference* operator->() const { return &inference_; }
  [[nodiscard]] const GrpcInferReader& reader() const { return reader_; }

 private:
  std::string message_;
  std::vector<std::span<const std::byte>> slices_;
  DecodedInference inference_;
  GrpcInferReader reader_;
};

/// The smallest request: one FP32 input of two elements, raw.
ModelInferRequest raw_request() {
  ModelInferRequest request;
  request.set_model_name("m");
  request.set_model_version("3");
  request.set_id("a7");
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype("FP32");
  input.add_shape(1);
  input.add_shape(2);
  request.add_raw_input_contents(std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  return request;
}

ModelInferRequest typed_request(const std::string& datatype, std::int64_t elements) {
  ModelInferRequest request = raw_request();
  request.clear_raw_input_contents();
  auto& input = *request.mutable_inputs(0);
  input.set_datatype(datatype);
  input.clear_shape();
  input.add_shape(elements);
  input.mutable_contents();
  return request;
}

template <class... Parts>
testing::AssertionResult is_refused(const ModelInferRequest& request, const Parts&... parts) {
  return test::throws_error([&] { return Decoded(request.SerializeAsString())->id.size(); },
                            ErrorCode::invalid_argument, parts...);
}

TEST(GrpcInferReader, ReadsWhichModelIsMeantBeforeTheRest) {
  ModelInferRequest request = raw_request();
  request.mutable_inputs(0)->set_datatype("no such type");
  const std::string message = request.SerializeAsString();
  const std::vector slices{std::as_bytes(std::span(message))};
  DecodedInference inference;
  GrpcInferReader reader;
  reader.open(slices, inference);
  EXPECT_EQ(reader.model_name(), "m");
  EXPECT_EQ(reader.model_version(), "3");
  EXPECT_EQ(inference.id, "a7");
}

TEST(GrpcInferReader, ARawTensorInOneSliceIsNotCopied) {
  const std::string message = raw_request().SerializeAsString();
  const std::vector slices{std::as_bytes(std::span(message))};
  DecodedInference inference;
  GrpcInferReader reader;
  reader.open(slices, inference);
  reader.decode(serving::SharedMemoryRegions(false));
  ASSERT_EQ(inference.inputs.size(), 1U);
  const auto bytes = inference.inputs[0].tensor.bytes();
  EXPECT_GE(bytes.data(), slices[0].data());
  EXPECT_LE(bytes.data() + bytes.size(), slices[0].data() + slices[0].size());
}

TEST(GrpcInferReader, ARequestReadAfterAnotherKeepsNothingOfIt) {
  const std::string first = raw_request().SerializeAsString();
  const std::string second;
  DecodedInference inference;
  GrpcInferReader reader;
  const serving::SharedMemoryRegions none(false);
  const std::vector slices{std::as_bytes(std::span(first))};
  reader.open(slices, inference);
  reader.decode(none);
  reader.open({}, inference);
  reader.decode(none);
  EXPECT_EQ(reader.model_name(), "");
  EXPECT_EQ(inference.id, "");
  EXPECT_TRUE(inference.inputs.empty());
}

TEST(GrpcInferReader, TypedContentsOfEveryTypeBecomeItsElements) {
  const auto bytes_of = [](const Decoded& decoded) {
    const auto bytes = decoded->inputs[0].tensor.bytes();
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  auto request = typed_request("INT8", 3);
  for (const int value : {-128, 0, 127})
    request.mutable_inputs(0)->mutable_contents()->add_int_contents(value);
  EXPECT_EQ(bytes_of(Decoded(request.SerializeAsString())), std::string("\x80\x00\x7f", 3));
  request = typed_request("UINT16", 2);
  for (const unsigned value : {0U, 65535U})
    request.mutable_inputs(0)->mutable_contents()->add_uint_contents(value);
  EXPECT_EQ(bytes_of(Decoded(request.SerializeAsString())), std::string("\x00\x00\xff\xff", 4));
  request = typed_request("INT64", 1);
  request.mutable_inputs(0)->mutable_contents()->add_int64_contents(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(bytes_of(Decoded(request.SerializeAsString())), std::string("\0\0\0\0\0\0\0\x80", 8));
  request = typed_request("BOOL", 2);
  for (const bool value : {true, false})
    request.mutable_inputs(0)->mutable_contents()->add_bool_contents(value);
  EXPECT_EQ(bytes_of(Decoded(request.SerializeAsString())), std::string("\x01\x00", 2));
  request = typed_request("FP32", 1);
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(bytes_of(Decoded(request.SerializeAsString())), std::string("\0\0\x80\x3f", 4));
  request = typed_request("BYTES", 2);
  for (const std::string& text : {std::string("a\0b", 3), std::string()}) {
    request.mutable_inputs(0)->mutable_contents()->add_bytes_contents(text);
  }
  const Decoded strings(request.SerializeAsString());
  ASSERT_EQ(strings->inputs[0].tensor.strings().size(), 2U);
  EXPECT_EQ(strings->inputs[0].tensor.strings()[0], std::string("a\0b", 3));
}

TEST(GrpcInferReader, UnpackedNumbersCountAsPackedOnes) {
  auto request = typed_request("INT32", 3);
  request.mutable_inputs(0)->mutable_contents()->add_int_contents(1);
  std::string input = request.inputs(0).SerializeAsString();
  // A second and a third element in a contents message of their own: field 2, not packed.
  input += "\x2a\x04\x10\x02\x10\x03";
  request.clear_inputs();
  std::string message = request.SerializeAsString();
  message += "\x2a" + std::string(1, static_cast<char>(input.size())) + input;
  const Decoded decoded(message);
  EXPECT_EQ(std::vector<std::int32_t>(decoded->inputs[0].tensor.as<std::int32_t>().begin(),
                                      decoded->inputs[0].tensor.as<std::int32_t>().end()),
            (std::vector<std::int32_t>{1, 2, 3}));
}

TEST(GrpcInferReader, RefusesANumberThatDoesNotFitItsType) {
  auto request = typed_request("INT8", 1);
  request.mutable_inputs(0)->mutable_contents()->add_int_contents(128);
  EXPECT_TRUE(is_refused(request, "128", "'x'", "'m'", "'INT8'"));
  request = typed_request("UINT8", 1);
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(256);
  EXPECT_TRUE(is_refused(request, "256", "'UINT8'"));
}

TEST(GrpcInferReader, RefusesContentsOfAnotherType) {
  auto request = typed_request("FP32", 1);
  request.mutable_inputs(0)->mutable_contents()->add_int_contents(1);
  EXPECT_TRUE(is_refused(request, "unexpected explicit tensor data for input tensor 'x'", "for model 'm'"));
  request = typed_request("FP16", 1);
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_TRUE(
      is_refused(request, "unexpected explicit tensor data for input tensor 'x'", "raw_input_contents"));
}

TEST(GrpcInferReader, RefusesTooFewAndTooManyElementsBeforeAllocating) {
  auto request = typed_request("FP32", 1'000'000'000'000);
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_TRUE(is_refused(
      request, "input byte size mismatch for input 'x' for model 'm'. Expected 4000000000000, got 4"));
  request = typed_request("BYTES", 1'000'000'000'000);
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("a");
  EXPECT_TRUE(is_refused(request, "expected 1000000000000 string elements for inference input 'x'"));
  request = typed_request("INT32", 1);
  for (const int value : {1, 2}) request.mutable_inputs(0)->mutable_contents()->add_int_contents(value);
  EXPECT_TRUE(is_refused(request, "Expected 4, got 8"));
}

TEST(GrpcInferReader, RefusesContentsBesideRawContents) {
  auto request = raw_request();
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_TRUE(
      is_refused(request, "contents field must not be specified when using raw_input_contents for 'x'"));
}

TEST(GrpcInferReader, RefusesTooFewAndTooManyRawContents) {
  auto request = raw_request();
  request.clear_raw_input_contents();
  EXPECT_TRUE(is_refused(request, "unable to find data for input tensor 'x' for model 'm' in request."));
  request = raw_request();
  *request.add_inputs() = request.inputs(0);
  request.mutable_inputs(1)->set_name("z");
  EXPECT_TRUE(is_refused(request, "unable to find data for input tensor 'z'"));
  request = raw_request();
  request.add_raw_input_contents("1234");
  EXPECT_TRUE(is_refused(request, "expected 1 raw_input_contents", "got 2"));
}

TEST(GrpcInferReader, AnEmptyRawEntryIsATensorWithoutElements) {
  auto request = raw_request();
  request.mutable_inputs(0)->set_shape(0, 0);
  request.set_raw_input_contents(0, "");
  EXPECT_EQ(Decoded(request.SerializeAsString())->inputs[0].tensor.element_count(), 0U);
}

TEST(GrpcInferReader, RefusesRawContentsOfTheWrongSize) {
  auto request = raw_request();
  request.set_raw_input_contents(0, "123");
  EXPECT_TRUE(is_refused(request, "input byte size mismatch for input 'x' for model 'm'. Expected 8, got 3"));
}

TEST(GrpcInferReader, RefusesABooleanThatIsNeither) {
  auto request = raw_request();
  request.mutable_inputs(0)->set_datatype("BOOL");
  request.set_raw_input_contents(0, "\x01\x02");
  EXPECT_TRUE(is_refused(request, "BOOL"));
}

TEST(GrpcInferReader, RefusesShapesThatAreNone) {
  auto request = raw_request();
  request.mutable_inputs(0)->set_shape(0, -1);
  EXPECT_TRUE(is_refused(request, "contains one or more invalid dimensions"));
  request.mutable_inputs(0)->set_shape(0, std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(is_refused(request, "causes total element count to exceed maximum size"));
  for (int i = 0; i < 100; ++i) request.mutable_inputs(0)->add_shape(1);
  EXPECT_TRUE(is_refused(request, "more than 64 dimensions"));
}

TEST(GrpcInferReader, RefusesAnUnknownDatatype) {
  auto request = raw_request();
  request.mutable_inputs(0)->set_datatype("FP31");
  EXPECT_TRUE(is_refused(request, "invalid datatype 'FP31'", "'x'"));
}

TEST(GrpcInferReader, RefusesMoreTensorsThanAnyModelHas) {
  ModelInferRequest request;
  for (std::size_t i = 0; i <= GrpcInferReader::kMostTensors; ++i) request.add_inputs();
  EXPECT_TRUE(is_refused(request, "more than 4096 inputs"));
}

TEST(GrpcInferReader, ReadsPriorityAndTimeout) {
  auto request = raw_request();
  (*request.mutable_parameters())["priority"].set_uint64_param(2);
  (*request.mutable_parameters())["timeout"].set_int64_param(1500);
  (*request.mutable_parameters())["other"].set_double_param(1.5);
  const Decoded decoded(request.SerializeAsString());
  EXPECT_EQ(decoded->priority, 2U);
  EXPECT_EQ(decoded->timeout_us, 1500U);
}

TEST(GrpcInferReader, RefusesParametersOfTheWrongType) {
  const auto with = [](const std::string& key, auto set) {
    auto request = raw_request();
    set((*request.mutable_parameters())[key]);
    return request;
  };
  const auto text = [](auto& parameter) { parameter.set_string_param("1"); };
  EXPECT_TRUE(is_refused(with("priority", text), "'priority'", "int64_param"));
  EXPECT_TRUE(is_refused(with("timeout", text), "'timeout'", "int64_param"));
  EXPECT_TRUE(is_refused(with("timeout", [](auto& p) { p.set_int64_param(-1); }), "'timeout'", "-1"));
  EXPECT_TRUE(is_refused(with("sequence_start", text), "bool_param"));
  EXPECT_TRUE(is_refused(with("sequence_id", [](auto& p) { p.set_bool_param(true); }), "'sequence_id'"));
  EXPECT_TRUE(is_refused(with("triton_other", text), "reserved for Triton usage"));
  EXPECT_TRUE(is_refused(with("triton_enable_empty_final_response", text), "bool_param"));
}

TEST(GrpcInferReader, TakesWhatTheClientsAlwaysSend) {
  auto request = raw_request();
  (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(false);
  (*request.mutable_parameters())["sequence_id"].set_int64_param(0);
  (*request.mutable_parameters())["sequence_start"].set_bool_param(false);
  EXPECT_EQ(Decoded(request.SerializeAsString())->inputs.size(), 1U);
}

TEST(GrpcInferReader, ReadsWantedOutputs) {
  auto request = raw_request();
  request.add_outputs()->set_name("y");
  auto& classes = *request.add_outputs();
  classes.set_name("z");
  (*classes.mutable_parameters())["classification"].set_int64_param(3);
  const Decoded decoded(request.SerializeAsString());
  ASSERT_EQ(decoded->outputs.size(), 2U);
  EXPECT_EQ(decoded->outputs[0].name, "y");
  EXPECT_EQ(decoded->outputs[0].classification, 0U);
  EXPECT_TRUE(decoded->outputs[0].binary);
  EXPECT_EQ(decoded->outputs[1].classification, 3U);
  (*request.mutable_outputs(1)->mutable_parameters())["classification"].set_int64_param(0);
  EXPECT_TRUE(is_refused(request, "classification", "'z'"));
}

TEST(GrpcInferReader, ReadsInputsFromSharedMemory) {
  test::SharedMemory memory("....\x01\x02\x03\x04");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 8);
  auto request = raw_request();
  request.clear_raw_input_contents();
  auto& input = *request.mutable_inputs(0);
  input.set_datatype("UINT8");
  input.set_shape(1, 4);
  auto& parameters = *input.mutable_parameters();
  parameters["shared_memory_region"].set_string_param("r");
  parameters["shared_memory_byte_size"].set_int64_param(4);
  parameters["shared_memory_offset"].set_int64_param(4);
  // The next input's raw contents are the first there are.
  auto& other = *request.add_inputs();
  other.set_name("raw");
  other.set_datatype("UINT8");
  other.add_shape(1);
  request.add_raw_input_contents("\x09");
  const Decoded decoded(request.SerializeAsString(), 7, &regions);
  EXPECT_EQ(decoded->inputs[0].tensor.as<std::uint8_t>()[3], 4);
  EXPECT_EQ(decoded->inputs[1].tensor.as<std::uint8_t>()[0], 9);

  const auto refused = [&](const ModelInferRequest& wrong, ErrorCode code, std::string_view part) {
    return test::throws_error([&] { return Decoded(wrong.SerializeAsString(), 7, &regions)->id.size(); },
                              code, part);
  };
  parameters["shared_memory_byte_size"].set_int64_param(3);
  EXPECT_TRUE(refused(request, ErrorCode::invalid_argument, "Expected 4, got 3"));
  parameters["shared_memory_byte_size"].set_int64_param(4);
  parameters["shared_memory_offset"].set_int64_param(5);
  EXPECT_TRUE(
      refused(request, ErrorCode::invalid_argument, "Invalid offset + byte size for shared memory region"));
  parameters["shared_memory_offset"].set_int64_param(8);
  EXPECT_TRUE(refused(request, ErrorCode::invalid_argument, "Invalid offset for shared memory region"));
  parameters["shared_memory_offset"].set_int64_param(-1);
  EXPECT_TRUE(refused(request, ErrorCode::invalid_argument, "-1"));
  parameters["shared_memory_offset"].set_int64_param(0);
  parameters["shared_memory_region"].set_string_param("unknown");
  EXPECT_TRUE(refused(request, ErrorCode::not_found, "Unable to find shared memory region: 'unknown'"));
  parameters["shared_memory_region"].set_string_param("r");
  input.mutable_contents()->add_uint_contents(1);
  EXPECT_TRUE(refused(request, ErrorCode::invalid_argument, "shared memory"));
  input.clear_contents();
  parameters.erase("shared_memory_region");
  EXPECT_TRUE(refused(request, ErrorCode::invalid_argument, "'shared_memory_region'"));
}

/// Makes requests of all kinds, most of which are right.
class RandomRequests {
 public:
  explicit RandomRequests(unsigned seed) : random_(seed) {}

  ModelInferRequest next() {
    ModelInferRequest request;
    request.set_model_name(text());
    if (chance(2)) request.set_id(text());
    if (chance(4)) (*request.mutable_parameters())["priority"].set_uint64_param(below(9));
    if (chance(4)) (*request.mutable_parameters())["timeout"].set_int64_param(static_cast<int>(below(9)) - 1);
    if (chance(4)) (*request.mutable_parameters())[text()].set_string_param(text());
    const bool is_raw = chance(2);
    for (std::size_t i = below(4); i > 0; --i) add_input(request, is_raw);
    for (std::size_t i = below(3); i > 0; --i) {
      auto& output = *request.add_outputs();
      output.set_name(text());
      if (chance(3)) {
        (*output.mutable_parameters())["classification"].set_int64_param(static_cast<int>(below(5)));
      }
    }
    if (is_raw && chance(20)) request.add_raw_input_contents(text());
    return request;
  }

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

 private:
  std::string text() {
    std::string text(below(20), 'x');
    for (char& letter : text) letter = static_cast<char>('a' + below(26));
    return text;
  }

  std::string bytes(std::size_t size) {
    std::string result(size, '\0');
    for (char& byte : result) byte = static_cast<char>(below(256));
    return result;
  }

  void add_input(ModelInferRequest& request, bool is_raw) {
    constexpr std::array kNames = {"BOOL",  "UINT8", "UINT16", "UINT32", "UINT64", "INT8",  "INT16",
                                   "INT32", "INT64", "FP16",   "FP32",   "FP64",   "BYTES", "BF16"};
    auto& input = *request.add_inputs();
    input.set_name(text());
    input.set_datatype(kNames[below(kNames.size())]);
    const DType dtype = *serving::parse_datatype(input.datatype());
    std::size_t count = 1;
    for (std::size_t rank = below(4); rank > 0; --rank) {
      const std::size_t size = below(6);
      input.add_shape(static_cast<std::int64_t>(size));
      count *= size;
    }
    if (chance(10)) ++count;
    if (is_raw) {
      add_raw(request, dtype, count);
    } else if (!chance(20)) {
      for (auto& contents = *input.mutable_contents(); count > 0; --count) add_element(contents, dtype);
    }
  }

  void add_raw(ModelInferRequest& request, DType dtype, std::size_t count) {
    if (dtype != DType::string) {
      std::string raw = bytes(count * bits(dtype) / 8);
      if (dtype == DType::boolean && !chance(10)) {
        for (char& byte : raw) byte &= 1;
      }
      request.add_raw_input_contents(raw);
      return;
    }
    std::string& raw = *request.add_raw_input_contents();
    for (; count > 0; --count) {
      const std::string element = bytes(below(5));
      const auto size = static_cast<std::uint32_t>(element.size());
      raw.append(reinterpret_cast<const char*>(&size), sizeof(size));
      raw += element;
    }
  }

  void add_element(inference::InferTensorContents& to, DType dtype) {
    const auto wide = static_cast<std::int64_t>(random_());
    switch (dtype) {
      case DType::boolean:
        return to.add_bool_contents(chance(2));
      case DType::int8:
      case DType::int16:
        return to.add_int_contents(static_cast<int>(below(300)) - 130);
      case DType::int32:
        return to.add_int_contents(static_cast<std::int32_t>(wide));
      case DType::int64:
        return to.add_int64_contents(wide);
      case DType::uint8:
      case DType::uint16:
        return to.add_uint_contents(static_cast<std::uint32_t>(below(258)));
      case DType::uint32:
        return to.add_uint_contents(static_cast<std::uint32_t>(wide));
      case DType::uint64:
        return to.add_uint64_contents(static_cast<std::uint64_t>(wide));
      case DType::float32:
        return to.add_fp32_contents(static_cast<float>(wide) / 3);
      case DType::float64:
        return to.add_fp64_contents(static_cast<double>(wide) / 3);
      case DType::string:
        return to.add_bytes_contents(bytes(below(5)));
      default:
        return to.add_fp32_contents(1);
    }
  }

  std::mt19937_64 random_;
};

/// What the reader makes of the message; empty where it refuses it.
std::optional<test::ReferenceInference> read(const std::string& message, std::size_t slice_bytes) {
  try {
    return test::described(*Decoded(message, slice_bytes));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<test::ReferenceInference> read_by_protobuf(const std::string& message) {
  ModelInferRequest request;
  if (!request.ParseFromString(message)) return std::nullopt;
  return test::reference_inference(request);
}

TEST(GrpcInferReader, AgreesWithProtobufOnRandomRequests) {
  RandomRequests random(1);
  std::size_t accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    const ModelInferRequest request = random.next();
    const auto expected = test::reference_inference(request);
    accepted += expected ? 1 : 0;
    ASSERT_EQ(read(request.SerializeAsString(), 1 + random.below(40)), expected) << request.DebugString();
  }
  EXPECT_GT(accepted, 500U);
}

TEST(GrpcInferReader, AgreesWithProtobufOnDamagedRequests) {
  RandomRequests random(2);
  std::size_t refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string message = random.next().SerializeAsString();
    for (std::size_t damage = 1 + random.below(3); damage > 0 && !message.empty(); --damage) {
      const std::size_t at = random.below(message.size());
      if (random.chance(3)) {
        message.erase(at, 1 + random.below(3));
      } else {
        message[at] = static_cast<char>(random.below(256));
      }
    }
    const auto expected = read_by_protobuf(message);
    refused += expected ? 0 : 1;
    ASSERT_EQ(read(message, 1 + random.below(40)), expected) << testing::PrintToString(message);
  }
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace onda::protocol
