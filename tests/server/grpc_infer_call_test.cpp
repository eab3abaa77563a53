#include "server/grpc_infer_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "server/grpc_fixture.h"
#include "serving/datatype.h"
#include "support/shared_memory.h"

namespace onda::server {
namespace {

using grpc::StatusCode;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using test::has_failed;

class GrpcInferCallTest : public test::GrpcServerFixture {};

TEST_F(GrpcInferCallTest, AnswersWithTheModelsOutputs) {
  put("m", 3, "identity_float32");
  start();
  const ModelInferRequest request = request_for("m", "a7");
  ModelInferResponse response;
  // The first runs on a worker, later ones where they were read.
  for (int i = 0; i < 100; ++i) {
    const grpc::Status status = infer(request, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.model_name(), "m");
    ASSERT_EQ(response.model_version(), "3");
    ASSERT_EQ(response.id(), "a7");
    ASSERT_EQ(response.outputs_size(), 1);
    ASSERT_EQ(response.outputs(0).name(), "y");
    ASSERT_EQ(response.outputs(0).datatype(), "FP32");
    ASSERT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
  }
  EXPECT_EQ(statistics("m").success.count, 100U);
  test::wait_until([&] { return inflight_->taken() == 0; });
}

TEST_F(GrpcInferCallTest, EveryDatatypeComesBackAsItWasSent) {
  const std::vector<std::pair<std::string, std::string>> types = {
      {"FP16", "float16"}, {"BF16", "bfloat16"}, {"FP32", "float32"},  {"FP64", "float64"},
      {"INT8", "int8"},    {"INT16", "int16"},   {"INT32", "int32"},   {"INT64", "int64"},
      {"UINT8", "uint8"},  {"UINT16", "uint16"}, {"UINT32", "uint32"}, {"UINT64", "uint64"},
      {"BOOL", "bool"},    {"BYTES", "string"}};
  for (const auto& [datatype, model] : types) put(model, 1, "identity_" + model);
  start();
  for (const auto& [datatype, model] : types) {
    ModelInferRequest request = request_for(model);
    request.mutable_inputs(0)->set_datatype(datatype);
    std::string bytes;
    if (datatype == "BYTES") {
      bytes = std::string("\1\0\0\0a\0\0\0\0\2\0\0\0\0\xff\3\0\0\0abc", 22);
    } else if (datatype == "BOOL") {
      bytes = std::string("\0\1\1\0", 4);
    } else {
      const DType dtype = *serving::parse_datatype(datatype);
      for (std::size_t i = 0; i < 4 * bits(dtype) / 8; ++i) bytes += static_cast<char>(i + 1);
    }
    request.set_raw_input_contents(0, bytes);
    ModelInferResponse response;
    const grpc::Status status = infer(request, response);
    ASSERT_TRUE(status.ok()) << datatype << ": " << status.error_message();
    EXPECT_EQ(response.outputs(0).datatype(), datatype);
    EXPECT_EQ(response.raw_output_contents(0), bytes) << datatype;
  }
}

TEST_F(GrpcInferCallTest, TypedContentsAreTakenAsWell) {
  put("m", 1, "identity_int8");
  start();
  ModelInferRequest request = request_for("m");
  request.clear_raw_input_contents();
  request.mutable_inputs(0)->set_datatype("INT8");
  for (const int value : {-128, -1, 0, 127})
    request.mutable_inputs(0)->mutable_contents()->add_int_contents(value);
  ModelInferResponse response;
  ASSERT_TRUE(infer(request, response).ok());
  EXPECT_EQ(response.raw_output_contents(0), "\x80\xff" + std::string(1, '\0') + "\x7f");
}

TEST_F(GrpcInferCallTest, OutputsComeAsTheyWereAskedFor) {
  put("m", 1, "split");
  start();
  ModelInferRequest request = request_for("m");
  request.mutable_inputs(0)->set_shape(1, 6);
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  request.set_raw_input_contents(0, raw(std::span<const float>(values)));
  request.add_outputs()->set_name("c");
  request.add_outputs()->set_name("a");
  ModelInferResponse response;
  ASSERT_TRUE(infer(request, response).ok());
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "c");
  EXPECT_EQ(response.raw_output_contents(0).size(), 12U);
  EXPECT_EQ(response.outputs(1).name(), "a");
}

TEST_F(GrpcInferCallTest, ClassesTakeThePlaceOfAnOutput) {
  put("m", 1, "identity_float32");
  start();
  ModelInferRequest request = request_for("m");
  request.add_outputs()->set_name("y");
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(2);
  ModelInferResponse response;
  ASSERT_TRUE(infer(request, response).ok());
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_NE(response.raw_output_contents(0).find("4.000000:3"), std::string::npos);
}

TEST_F(GrpcInferCallTest, ClassesOfATypeWithoutOrderAreRefusedBeforeItRuns) {
  put("m", 1, "identity_bool");
  start();
  ModelInferRequest request = request_for("m");
  request.mutable_inputs(0)->set_datatype("BOOL");
  request.set_raw_input_contents(0, std::string("\0\1\1\0", 4));
  request.add_outputs()->set_name("y");
  (*request.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(2);
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "class result not available for output due to unsupported type 'BOOL'"));
  EXPECT_EQ(statistics("m").execution_count, 0U);
}

TEST_F(GrpcInferCallTest, TensorsTravelInSharedMemory) {
  put("m", 1, "identity_float32");
  start({.allow_client_shm = true});
  const std::vector<float> values = {5, 6, 7, 8};
  test::SharedMemory memory(raw(std::span<const float>(values)) + std::string(16, '.'));
  regions_->register_system("r", memory.key(), 0, 32);
  ModelInferRequest request = request_for("m");
  request.clear_raw_input_contents();
  auto& input = *request.mutable_inputs(0)->mutable_parameters();
  input["shared_memory_region"].set_string_param("r");
  input["shared_memory_byte_size"].set_int64_param(16);
  request.add_outputs()->set_name("y");
  auto& output = *request.mutable_outputs(0)->mutable_parameters();
  output["shared_memory_region"].set_string_param("r");
  output["shared_memory_byte_size"].set_int64_param(16);
  output["shared_memory_offset"].set_int64_param(16);
  ModelInferResponse response;
  const grpc::Status status = infer(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  EXPECT_EQ(response.raw_output_contents(0), "");
  EXPECT_EQ(memory.content().substr(16), raw(std::span<const float>(values)));

  // Its owner cuts it short: that request fails, the server goes on.
  memory.resize(8);
  EXPECT_FALSE(infer(request).ok());
  EXPECT_TRUE(infer(request_for("m")).ok());
  input["shared_memory_region"].set_string_param("unknown");
  EXPECT_TRUE(
      has_failed(infer(request), StatusCode::NOT_FOUND, "Unable to find shared memory region: 'unknown'"));
}

TEST_F(GrpcInferCallTest, SaysWhatIsWrongWithARequest) {
  put("m", 1, "identity_float32");
  put("broken", 1, "opset_99");
  start();
  EXPECT_TRUE(has_failed(infer(request_for("nobody")), StatusCode::NOT_FOUND,
                         "Request for unknown model: 'nobody' is not found"));
  ModelInferRequest request = request_for("m");
  request.set_model_version("7");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::NOT_FOUND,
                         "Request for unknown model: 'm' version 7 is not found"));
  for (const char* const version : {"-1", "one", "1.0"}) {
    request.set_model_version(version);
    EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT, "version")) << version;
  }
  request = request_for("broken");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::NOT_FOUND, "has no available versions"));
  request.set_model_version("1");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::UNAVAILABLE, "version 1 is not at ready state"));
  request = request_for("m");
  request.mutable_inputs(0)->set_name("z");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "unexpected inference input 'z' for model 'm'"));
  request = request_for("m");
  *request.add_inputs() = request.inputs(0);
  request.add_raw_input_contents(request.raw_input_contents(0));
  EXPECT_TRUE(
      has_failed(infer(request), StatusCode::INVALID_ARGUMENT, "input 'x' already exists in request"));
  request = request_for("m");
  request.clear_inputs();
  request.clear_raw_input_contents();
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "expected 1 inputs but got 0 inputs for model 'm'"));
  request = request_for("m");
  request.mutable_inputs(0)->set_datatype("INT32");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "data-type is 'INT32', but model 'm' expects 'FP32'"));
  request = request_for("m");
  request.mutable_inputs(0)->set_shape(0, 2);
  request.mutable_inputs(0)->set_shape(1, 2);
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "unexpected shape for input 'x' for model 'm'"));
  request = request_for("m");
  request.add_outputs()->set_name("z");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT,
                         "unexpected inference output 'z' for model 'm'"));
  request = request_for("m");
  for (int i = 0; i < 2; ++i) request.add_outputs()->set_name("y");
  EXPECT_TRUE(
      has_failed(infer(request), StatusCode::INVALID_ARGUMENT, "output 'y' already exists in request"));
  request = request_for("m");
  request.set_raw_input_contents(0, "1234");
  EXPECT_TRUE(has_failed(infer(request), StatusCode::INVALID_ARGUMENT, "Expected 16, got 4"));
  test::wait_until([&] { return inflight_->taken() == 0; });
  EXPECT_TRUE(infer(request_for("m")).ok());
}

TEST_F(GrpcInferCallTest, ALongNameDoesNotBreakTheErrorThatNamesIt) {
  start();
  EXPECT_TRUE(has_failed(infer(request_for(std::string(100000, 'x'))), StatusCode::NOT_FOUND,
                         "Request for unknown model: 'xxx"));
}

TEST_F(GrpcInferCallTest, MessagesOfMoreThanFourMegabytesGoThrough) {
  put("m", 1, "identity_float32");
  configure("m", "max_batch_size: 1000000");
  start();
  ModelInferRequest request = request_for("m");
  request.mutable_inputs(0)->set_shape(0, 500000);
  std::vector<float> values(2000000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  request.set_raw_input_contents(0, raw(std::span<const float>(values)));
  ModelInferResponse response;
  const grpc::Status status = infer(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
}

TEST_F(GrpcInferCallTest, CompressedMessagesAreTaken) {
  put("m", 1, "identity_float32");
  start();
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    const ModelInferRequest request = request_for("m", std::string(10000, 'i'));
    ModelInferResponse response;
    const grpc::Status status = stub_->ModelInfer(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.id(), request.id());
  }
}

TEST_F(GrpcInferCallTest, WhatDoesNotFitInFlightIsRefused) {
  put("m", 1, "identity_float32");
  start({.inflight_bytes = 1000});
  EXPECT_TRUE(has_failed(infer(request_for("m", std::string(2000, 'i'))), StatusCode::RESOURCE_EXHAUSTED,
                         "--max-inflight-bytes"));
  EXPECT_TRUE(infer(request_for("m")).ok());
  // The client may have its answer before the call has ended.
  test::wait_until([&] { return inflight_->taken() == 0; });
}

TEST_F(GrpcInferCallTest, ARequestWhoseClientHasGoneDoesNotRun) {
  put("m", 1, "identity_float32");
  start({}, manual_);
  grpc::ClientContext context;
  std::thread client([&] {
    ModelInferResponse response;
    EXPECT_EQ(stub_->ModelInfer(&context, request_for("m"), &response).error_code(), StatusCode::CANCELLED);
  });
  test::wait_until([&] { return manual_.posted() > 0; });
  context.TryCancel();
  client.join();
  // The server hears of it later than the client.
  test::wait_until([&] { return statistics("m").fail.count == 1; });
  test::wait_until([&] {
    manual_.run_all();
    return inflight_->taken() == 0;
  });
  EXPECT_EQ(statistics("m").success.count, 0U);
}

TEST_F(GrpcInferCallTest, ARequestEndsWithItsDeadline) {
  put("m", 1, "slow_loop");
  start();
  ModelInferRequest request = request_for("m");
  auto& input = *request.mutable_inputs(0);
  input.clear_shape();
  input.add_shape(4);
  auto& trips = *request.add_inputs();
  trips.set_name("trips");
  trips.set_datatype("INT64");
  const std::vector<std::int64_t> rounds = {1'000'000'000'000};
  request.add_raw_input_contents(raw(std::span<const std::int64_t>(rounds)));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  ModelInferResponse response;
  EXPECT_EQ(stub_->ModelInfer(&context, request, &response).error_code(), StatusCode::DEADLINE_EXCEEDED);
  // The run does not go on for nobody.
  test::wait_until([&] { return statistics("m").fail.count == 1 && inflight_->taken() == 0; });
}

TEST_F(GrpcInferCallTest, ATracedRequestLeavesALine) {
  put("m", 1, "identity_float32");
  const auto file = directory_ / "trace.json";
  start({.trace_file = file});
  inference::TraceSettingRequest settings;
  (*settings.mutable_settings())["trace_level"].add_value("TIMESTAMPS");
  (*settings.mutable_settings())["trace_rate"].add_value("1");
  inference::TraceSettingResponse now;
  ASSERT_TRUE(call(&inference::GRPCInferenceService::Stub::TraceSetting, settings, now).ok());
  ASSERT_TRUE(infer(request_for("m", "a7")).ok());
  EXPECT_EQ(tracer_->lines(), 1U);
}

class GrpcInferCallThreads : public test::GrpcServerFixture {};

TEST_F(GrpcInferCallThreads, ManyClientsGetTheirOwnAnswers) {
  put("m", 1, "identity_float32");
  put("batched", 1, "identity_float32");
  configure("batched", "max_batch_size: 8\ndynamic_batching { max_queue_delay_microseconds: 100 }");
  start();
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      const auto own = inference::GRPCInferenceService::NewStub(channel());
      for (int i = 0; i < 100; ++i) {
        ModelInferRequest request = request_for(i % 2 == 0 ? "m" : "batched");
        const std::vector<float> values = {static_cast<float>(client), static_cast<float>(i), 0, 1};
        request.set_raw_input_contents(0, raw(std::span<const float>(values)));
        grpc::ClientContext context;
        if (i % 7 == 0)
          context.set_deadline(std::chrono::system_clock::now() + std::chrono::microseconds(300));
        ModelInferResponse response;
        const grpc::Status status = own->ModelInfer(&context, request, &response);
        if (i % 7 == 0 && !status.ok()) continue;
        ASSERT_TRUE(status.ok()) << status.error_message();
        ASSERT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  test::wait_until([&] { return inflight_->taken() == 0; });
}

}  // namespace
}  // namespace onda::server
