#include "protocol/grpc_encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "protocol/grpc_service.pb.h"
#include "support/error_matchers.h"
#include "support/fake_version.h"
#include "support/shared_memory.h"

namespace onda::protocol {
namespace {

using inference::ModelInferResponse;
using inference::ModelStreamInferResponse;

std::string joined(const GrpcAnswer& answer) {
  std::string bytes;
  for (const auto& piece : answer.pieces) {
    bytes.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  EXPECT_EQ(bytes.size(), answer.byte_size());
  return bytes;
}

class GrpcEncode : public testing::Test {
 protected:
  void give(const std::string& name, Tensor tensor) {
    tensors_.push_back(std::make_unique<NamedTensor>(NamedTensor{name, std::move(tensor)}));
    result_.outputs.push_back({tensors_.back()->name, tensors_.back()->tensor.view()});
  }

  ModelInferResponse encoded() {
    encode_grpc_answer(*version_, asked_, result_, answer_);
    ModelInferResponse response;
    EXPECT_TRUE(response.ParseFromString(joined(answer_)));
    return response;
  }

  test::FakeVersion version_{test::FakeModel{
      .name = "m",
      .version = 3,
      .outputs = {{.name = "y", .dtype = DType::float32, .shape = {-1, 3}, .labels = {"ant", "bee"}}},
      .max_batch_size = 8}};
  DecodedInference asked_;
  serving::InferenceResult result_;
  GrpcAnswer answer_;

 private:
  std::vector<std::unique_ptr<NamedTensor>> tensors_;
};

TEST_F(GrpcEncode, WritesNamesShapesAndRawElements) {
  asked_.id = "a7";
  const std::vector<std::int32_t> values = {4, 6};
  give("SUM", Tensor::of<std::int32_t>({1, 2}, values));
  give("none", Tensor::of<std::int32_t>({0, 2}, {}));
  give("scalar", Tensor::of<std::int32_t>({}, std::span(values).first(1)));
  const ModelInferResponse response = encoded();
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.model_version(), "3");
  EXPECT_EQ(response.id(), "a7");
  EXPECT_TRUE(response.parameters().empty());
  ASSERT_EQ(response.outputs_size(), 3);
  EXPECT_EQ(response.outputs(0).name(), "SUM");
  EXPECT_EQ(response.outputs(0).datatype(), "INT32");
  EXPECT_EQ(std::vector<std::int64_t>(response.outputs(0).shape().begin(), response.outputs(0).shape().end()),
            (std::vector<std::int64_t>{1, 2}));
  EXPECT_FALSE(response.outputs(0).has_contents());
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  EXPECT_EQ(response.raw_output_contents(0), std::string("\4\0\0\0\6\0\0\0", 8));
  EXPECT_EQ(response.raw_output_contents(1), "");
  EXPECT_EQ(response.outputs(2).shape_size(), 0);
  EXPECT_EQ(response.raw_output_contents(2).size(), 4U);
}

TEST_F(GrpcEncode, ALargeOutputIsReferredToAndNotCopied) {
  const std::vector<float> values(100000, 1.5F);
  give("small", Tensor::of<float>({2}, std::span(values).first(2)));
  give("large", Tensor::of<float>({100000}, values));
  give("other", Tensor::of<float>({1}, std::span(values).first(1)));
  give("another", Tensor::of<float>({100000}, values));
  const ModelInferResponse response = encoded();
  EXPECT_EQ(response.raw_output_contents(1),
            std::string(reinterpret_cast<const char*>(values.data()), 400000));
  EXPECT_EQ(response.raw_output_contents(2).size(), 4U);
  EXPECT_EQ(response.raw_output_contents(3).size(), 400000U);
  const auto referred = std::ranges::count_if(answer_.pieces, [&](const GrpcAnswer::Piece& piece) {
    return piece.is_output && (piece.bytes.data() == result_.outputs[1].tensor.bytes().data() ||
                               piece.bytes.data() == result_.outputs[3].tensor.bytes().data());
  });
  EXPECT_EQ(referred, 2);
}

TEST_F(GrpcEncode, StringsAreWrittenWithTheirLengths) {
  give("text", Tensor::of_strings({2}, {"ab", std::string("\0", 1)}));
  const ModelInferResponse response = encoded();
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_EQ(response.raw_output_contents(0), std::string("\2\0\0\0ab\1\0\0\0\0", 11));
}

TEST_F(GrpcEncode, ClassesTakeThePlaceOfAnOutput) {
  const std::vector<float> values = {1, 3, 2, 0, -1, 5};
  give("y", Tensor::of<float>({2, 3}, values));
  asked_.outputs.push_back({.name = "y", .binary = true, .classification = 2});
  const ModelInferResponse response = encoded();
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_EQ(std::vector<std::int64_t>(response.outputs(0).shape().begin(), response.outputs(0).shape().end()),
            (std::vector<std::int64_t>{2, 2}));
  EXPECT_NE(response.raw_output_contents(0).find("3.000000:1:bee"), std::string::npos);
  EXPECT_NE(response.raw_output_contents(0).find("5.000000:2"), std::string::npos);
}

TEST_F(GrpcEncode, AnOutputInSharedMemoryLeavesAnEmptyElement) {
  test::SharedMemory memory("................");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 16);
  const std::vector<std::uint8_t> values = {65, 66, 67};
  give("y", Tensor::of<std::uint8_t>({3}, values));
  give("text", Tensor::of_strings({1}, {"hi"}));
  give("z", Tensor::of<std::uint8_t>({3}, values));
  asked_.outputs.push_back({.name = "y", .region = RegionPart{regions.find("r"), 2, 3}});
  asked_.outputs.push_back({.name = "text", .region = RegionPart{regions.find("r"), 8, 8}});
  asked_.outputs.push_back({.name = "z"});
  const ModelInferResponse response = encoded();
  ASSERT_EQ(response.raw_output_contents_size(), 3);
  EXPECT_EQ(response.raw_output_contents(0), "");
  EXPECT_EQ(response.raw_output_contents(1), "");
  EXPECT_EQ(response.raw_output_contents(2), "ABC");
  EXPECT_TRUE(response.outputs(0).parameters().empty());
  EXPECT_EQ(memory.content(), std::string("..ABC...\2\0\0\0hi..", 16));
}

TEST_F(GrpcEncode, RefusesAnOutputLargerThanItsRegion) {
  test::SharedMemory memory("....");
  serving::SharedMemoryRegions regions(true);
  regions.register_system("r", memory.key(), 0, 4);
  const std::vector<std::uint8_t> values = {65, 66, 67};
  give("y", Tensor::of<std::uint8_t>({3}, values));
  asked_.outputs.push_back({.name = "y", .region = RegionPart{regions.find("r"), 0, 2}});
  EXPECT_TRUE(test::throws_error(
      [&] {
        encode_grpc_answer(*version_, asked_, result_, answer_);
        return 0;
      },
      ErrorCode::invalid_argument, "'y'", "2 bytes", "at least 3 bytes"));
  EXPECT_EQ(memory.content(), "....");
}

TEST_F(GrpcEncode, AStreamsAnswerWrapsTheResponseAndSaysThatItIsTheLast) {
  asked_.id = "a7";
  const std::vector<float> values(5000, 1.5F);
  give("y", Tensor::of<float>({5000}, values));
  encode_grpc_stream_answer(*version_, asked_, result_, answer_);
  ModelStreamInferResponse response;
  ASSERT_TRUE(response.ParseFromString(joined(answer_)));
  EXPECT_EQ(response.error_message(), "");
  EXPECT_EQ(response.infer_response().id(), "a7");
  EXPECT_TRUE(response.infer_response().parameters().at("triton_final_response").bool_param());
  EXPECT_EQ(response.infer_response().raw_output_contents(0).size(), 20000U);
}

TEST_F(GrpcEncode, AStreamsErrorHasTheIdOfItsRequest) {
  encode_grpc_stream_error("a7", "no such model", answer_);
  ModelStreamInferResponse response;
  ASSERT_TRUE(response.ParseFromString(joined(answer_)));
  EXPECT_EQ(response.error_message(), "no such model");
  EXPECT_EQ(response.infer_response().id(), "a7");
}

TEST(BoundedMessage, IsShortAndValidUtf8) {
  EXPECT_EQ(bounded_message("as it is: é"), "as it is: é");
  EXPECT_EQ(bounded_message("\xff"), "?");
  std::string long_text;
  for (int i = 0; i < 5000; ++i) long_text += "é";
  EXPECT_LT(bounded_message(long_text).size(), 2100U);
  EXPECT_TRUE(base::is_utf8(bounded_message(long_text)));
}

}  // namespace
}  // namespace onda::protocol
