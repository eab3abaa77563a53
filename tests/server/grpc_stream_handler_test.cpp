#include "server/grpc_stream_handler.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "server/grpc_fixture.h"

namespace onda::server {
namespace {

using grpc::StatusCode;
using inference::ModelStreamInferResponse;

class GrpcStreamHandlerTest : public test::GrpcServerFixture {};

TEST_F(GrpcStreamHandlerTest, AnswersInTheOrderOfTheRequestsAndEndsWell) {
  put("m", 1, "identity_float32");
  put("other", 1, "identity_float32");
  start();
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  constexpr int kRequests = 300;
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) {
      ASSERT_TRUE(stream->Write(request_for(i % 3 == 0 ? "other" : "m", std::to_string(i))));
    }
    stream->WritesDone();
  });
  ModelStreamInferResponse response;
  int answers = 0;
  while (stream->Read(&response)) {
    ASSERT_EQ(response.error_message(), "");
    ASSERT_EQ(response.infer_response().id(), std::to_string(answers));
    ASSERT_EQ(response.infer_response().model_name(), answers % 3 == 0 ? "other" : "m");
    ASSERT_TRUE(response.infer_response().parameters().at("triton_final_response").bool_param());
    ASSERT_EQ(response.infer_response().raw_output_contents(0).size(), 16U);
    ++answers;
  }
  writer.join();
  EXPECT_EQ(answers, kRequests);
  EXPECT_TRUE(stream->Finish().ok());
  test::wait_until([&] { return inflight_->taken() == 0; });
}

TEST_F(GrpcStreamHandlerTest, AFailedRequestIsAnAnswerAndTheStreamGoesOn) {
  put("m", 1, "identity_float32");
  start();
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  ASSERT_TRUE(stream->Write(request_for("nobody", "first")));
  ASSERT_TRUE(stream->Write(request_for("m", "second")));
  stream->WritesDone();
  ModelStreamInferResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_NE(response.error_message().find("Request for unknown model: 'nobody'"), std::string::npos);
  EXPECT_EQ(response.infer_response().id(), "first");
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.error_message(), "");
  EXPECT_EQ(response.infer_response().id(), "second");
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcStreamHandlerTest, AStreamWithoutRequestsEndsWell) {
  start();
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->WritesDone();
  ModelStreamInferResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcStreamHandlerTest, TheNextRequestIsReadBeforeTheFirstIsAnsweredButNotForEver) {
  put("m", 1, "identity_float32");
  start({}, manual_);
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  constexpr std::uint64_t kRequests = 3 * GrpcStreamHandler::kMostOutstanding;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kRequests; ++i) stream->Write(request_for("m", std::to_string(i)));
    stream->WritesDone();
  });
  const std::uint64_t request_bytes = request_for("m", "1").ByteSizeLong();
  test::wait_until([&] { return inflight_->taken() >= request_bytes * GrpcStreamHandler::kMostOutstanding; });
  EXPECT_LT(inflight_->taken(), (request_bytes + 2) * (GrpcStreamHandler::kMostOutstanding + 1));
  std::atomic<bool> is_over{false};
  std::thread workers([&] {
    while (!is_over) {
      manual_.run_all();
      std::this_thread::yield();
    }
  });
  ModelStreamInferResponse response;
  std::uint64_t answers = 0;
  while (stream->Read(&response)) EXPECT_EQ(response.infer_response().id(), std::to_string(answers++));
  EXPECT_EQ(answers, kRequests);
  EXPECT_TRUE(stream->Finish().ok());
  writer.join();
  is_over = true;
  workers.join();
}

TEST_F(GrpcStreamHandlerTest, WhatIsQueuedWhenTheClientGoesDoesNotRun) {
  put("m", 1, "identity_float32");
  start({}, manual_);
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stream->Write(request_for("m")));
  test::wait_until([&] { return statistics("m").pending == 10 || manual_.posted() >= 10; });
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  // The server hears of it later than the client.
  test::wait_until([&] { return statistics("m").fail.count == 10; });
  test::wait_until([&] {
    manual_.run_all();
    return inflight_->taken() == 0;
  });
  EXPECT_EQ(statistics("m").success.count, 0U);
}

class GrpcStreamHandlerThreads : public test::GrpcServerFixture {};

TEST_F(GrpcStreamHandlerThreads, StreamsAreCancelledAtAnyMoment) {
  put("m", 1, "identity_float32");
  configure("m", "max_batch_size: 8\ndynamic_batching { max_queue_delay_microseconds: 100 }");
  start();
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      const auto own = inference::GRPCInferenceService::NewStub(channel());
      for (int round = 0; round < 20; ++round) {
        grpc::ClientContext context;
        const auto stream = own->ModelStreamInfer(&context);
        for (int i = 0; i < 20; ++i) stream->Write(request_for("m"));
        ModelStreamInferResponse response;
        for (int i = 0; i < (client + round) % 20; ++i) stream->Read(&response);
        context.TryCancel();
        EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  test::wait_until([&] { return inflight_->taken() == 0; });
  EXPECT_TRUE(infer(request_for("m")).ok());
}

}  // namespace
}  // namespace onda::server
