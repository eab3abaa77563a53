#include "server/http_server.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "server/http_fixture.h"

namespace onda::server {
namespace {

class HttpServerTest : public test::HttpServerTest {};

std::string chunked(std::string_view body, std::size_t step) {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += step) {
    const std::string_view piece = body.substr(at, step);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    text += size;
    text += piece;
    text += "\r\n";
  }
  return text + "0\r\n\r\n";
}

TEST_F(HttpServerTest, AnswersInferenceWithJson) {
  start();
  auto client = this->client();
  const auto response = client.request(infer("[1.5,-2,3e2,4]", "a7"));
  expect_ok(response, R"("data":[1.5,-2)");
  expect_ok(response, R"("id":"a7")");
  EXPECT_EQ(response.field("content-type"), "application/json");
  EXPECT_EQ(response.field("connection"), "");
}

TEST_F(HttpServerTest, AnswersInferenceWithBinaryTensors) {
  start();
  auto client = this->client();
  const std::string json =
      R"({"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}],)"
      R"("outputs":[{"name":"y","parameters":{"binary_data":true}}]})";
  const std::vector<float> values{1, 2, 3, 4};
  std::string bytes(16, '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  const auto response = client.request(
      post(kInfer, json + bytes, "Inference-Header-Content-Length: " + std::to_string(json.size()) + "\r\n"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.field("content-type"), "application/octet-stream");
  const std::size_t json_bytes = std::stoul(response.field("inference-header-content-length"));
  EXPECT_EQ(response.body.substr(json_bytes), bytes);
}

TEST_F(HttpServerTest, OneConnectionMixesInferenceWithEverythingElse) {
  start();
  auto client = this->client();
  for (int round = 0; round < 3; ++round) {
    expect_ok(client.request(get("/v2/health/ready")), "true");
    expect_ok(client.request(infer()), "[1,2,3,4]");
    expect_ok(client.request(get("/v2/models/tiny")), R"("name":"tiny")");
    expect_error(client.request(get("/v2/nothing")), 404, "Not Found");
    expect_ok(client.request(infer("[5,6,7,8]")), "[5,6,7,8]");
    expect_ok(client.request(infer("[9,6,7,8]")), "[9,6,7,8]");
    const auto wrong = client.request(get(kInfer));
    expect_error(wrong, 405, "Method Not Allowed");
    EXPECT_EQ(wrong.field("allow"), "POST");
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto client = this->client();
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text += i % 7 == 3 ? get("/v2/health/live") : infer("[" + std::to_string(i) + ",2,3,4]");
  }
  ASSERT_TRUE(client.send(text));
  for (int i = 0; i < 200; ++i) {
    const auto response = client.read_response();
    expect_ok(response, i % 7 == 3 ? R"("live":true)" : "[" + std::to_string(i) + ",2,3,4]");
  }
}

TEST_F(HttpServerTest, ARequestMayArriveByteByByte) {
  start();
  auto client = this->client();
  for (const char byte : infer("[1,2,3,5]")) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  expect_ok(client.read_response(), "[1,2,3,5]");
}

TEST_F(HttpServerTest, ChunkedBodiesAreJoined) {
  start();
  auto client = this->client();
  const std::string head = "POST " + std::string(kInfer) + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{9999}}) {
    expect_ok(client.request(head + chunked(row(), step)), "[1,2,3,4]");
  }
  // Behind one that is malformed nothing is read.
  expect_error(client.request(head + "zz\r\n" + infer()), 400, "malformed chunk");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, APostWithoutALengthHasAnEmptyBody) {
  start();
  auto client = this->client();
  expect_ok(client.request("POST /v2/repository/index HTTP/1.1\r\nHost: x\r\n\r\n"), R"("name":"tiny")");
  expect_ok(client.request(get("/v2/health/live")), "true");
}

TEST_F(HttpServerTest, WhatCanBeReadInTwoWaysIsRefusedAndEndsTheConnection) {
  start();
  for (const char* fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: five\r\n", "Transfer-Encoding: gzip\r\n", "Host : x\r\n"}) {
    auto client = this->client();
    const auto response =
        client.request("POST " + std::string(kInfer) + " HTTP/1.1\r\n" + fields + "\r\n" + infer());
    expect_error(response, 400);
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_TRUE(client.is_closed()) << fields;
  }
}

TEST_F(HttpServerTest, AClientThatAsksFirstIsToldToGoOn) {
  start();
  auto client = this->client();
  const std::string head =
      "POST " + std::string(kInfer) +
      " HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(row().size()) + "\r\n\r\n";
  ASSERT_TRUE(client.send(head));
  EXPECT_EQ(client.read_response().status, 100);
  ASSERT_TRUE(client.send(row()));
  expect_ok(client.read_response(), "[1,2,3,4]");
  // Who does not wait is not told.
  expect_ok(client.request(head + row()), "[1,2,3,4]");
  ASSERT_TRUE(client.send("POST " + std::string(kInfer) +
                          " HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(client.read_response().status, 100);
  ASSERT_TRUE(client.send(chunked(row(), 10)));
  expect_ok(client.read_response(), "[1,2,3,4]");
}

TEST_F(HttpServerTest, AHeadRequestGetsNoBody) {
  start();
  auto client = this->client();
  ASSERT_TRUE(client.send("HEAD /v2/health/live HTTP/1.1\r\n\r\n" + get("/v2/health/live")));
  const auto head = client.read_response(true);
  const auto whole = client.read_response();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields, whole.fields);
  ASSERT_TRUE(client.send("HEAD /v2/nothing HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(client.read_response(true).status, 404);
  expect_ok(client.request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerTest, TheConnectionEndsWhenTheClientWantsIt) {
  start();
  for (const std::string& request :
       {post(kInfer, row(), "Connection: close\r\n"), std::string("GET /v2 HTTP/1.0\r\n\r\n")}) {
    auto client = this->client();
    const auto response = client.request(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_TRUE(client.is_closed());
  }
  auto client = this->client();
  const auto response = client.request("GET /v2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response.field("connection"), "keep-alive");
  expect_ok(client.request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerTest, BytesBehindTheLastRequestAreNotServed) {
  start();
  auto client = this->client();
  expect_ok(client.request(post(kInfer, row(), "Connection: close\r\n") + infer()), "[1,2,3,4]");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, AHeadThatIsTooLargeIsRefused) {
  start();
  auto client = this->client();
  expect_error(client.request("GET /v2 HTTP/1.1\r\nX: " + std::string(70000, 'x')), 431);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, InputsAreBoundedBeforeTheyAreRead) {
  options_.limits.json_bytes = 1000;
  options_.limits.body_bytes = 2000;
  start();
  const std::string to = "POST " + std::string(kInfer) + " HTTP/1.1\r\n";
  expect_error(client().request(to + "Content-Length: 1001\r\n\r\n"), 400, "exceeds the maximum allowed");
  expect_error(client().request(to + "Inference-Header-Content-Length: 10\r\nContent-Length: 2001\r\n\r\n"),
               413, "exceeds the maximum allowed");
  expect_error(client().request(to + "Content-Length: 99999999999999999\r\n\r\n"), 400, "exceeds");
  expect_error(client().request(to + "Transfer-Encoding: chunked\r\n\r\n3E9\r\n"), 413, "exceeds");
  // A raw tensor counts as JSON does.
  expect_error(client().request(to + "Inference-Header-Content-Length: 0\r\nContent-Length: 1001\r\n\r\n"),
               400, "exceeds");
  const std::string padded = row() + std::string(1001, ' ');
  expect_error(
      client().request(
          post(kInfer, padded, "Inference-Header-Content-Length: " + std::to_string(padded.size()) + "\r\n")),
      400, "exceeds the maximum allowed");
  expect_error(client().request("POST /v2/nothing HTTP/1.1\r\nContent-Length: 70000\r\n\r\n"), 404,
               "Not Found");
}

TEST_F(HttpServerTest, ALargeAnswerToARefusedBodyIsNotLost) {
  options_.limits.json_bytes = 1000;
  start();
  // The client goes on sending; a reset would take the answer from it.
  auto client = this->client();
  const std::string body(4 << 20, 'x');
  client.send(post(kInfer, body));
  expect_error(client.read_response(), 400, "exceeds");
}

TEST_F(HttpServerTest, BytesInFlightAreBounded) {
  start();
  ASSERT_TRUE(inflight_.try_take(inflight_.limit() - 100000));
  const std::string body = row() + std::string(300000, ' ');
  const auto response = client().request(post(kInfer, body));
  expect_error(response, 503, "in flight");
  EXPECT_EQ(response.field("retry-after"), "1");
  auto small = this->client();
  expect_ok(small.request(infer()), "[1,2,3,4]");
  inflight_.give_back(inflight_.limit() - 100000);
  expect_ok(client().request(post(kInfer, body)), "[1,2,3,4]");
  small.close();
  wait_for_open_connections(0);
  EXPECT_EQ(inflight_.taken(), 0U);
}

TEST_F(HttpServerTest, LargeBodiesAndAnswersPassInBothEncodings) {
  start();
  auto client = this->client();
  constexpr std::size_t kRows = 60000;
  std::string data = "[";
  for (std::size_t i = 0; i < kRows * 4; ++i) data += std::to_string(i) + ",";
  data.back() = ']';
  const std::string json =
      R"({"inputs":[{"name":"x","shape":[60000,4],"datatype":"FP32","data":)" + data + "}]}";
  for (int round = 0; round < 3; ++round) {
    const auto response = client.request(post(kInfer, json));
    expect_ok(response, "239998,239999]");
    expect_ok(client.request(infer()), "[1,2,3,4]");
  }
  const std::string head =
      R"({"inputs":[{"name":"x","shape":[1250000,4],"datatype":"FP32","parameters":{"binary_data_size":20000000}}],)"
      R"("parameters":{"binary_data_output":true}})";
  // More than the sockets' buffers hold.
  std::string bytes(20000000, '\0');
  for (std::size_t i = 0; i < bytes.size(); i += 4) bytes[i] = static_cast<char>(i >> 8 & 0x7f);
  const auto response = client.request(
      post(kInfer, head + bytes, "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n"));
  ASSERT_EQ(response.status, 200) << response.body.substr(0, 200);
  EXPECT_TRUE(response.body.substr(std::stoul(response.field("inference-header-content-length"))) == bytes);
}

TEST_F(HttpServerTest, AnAnswerIsCompressedWhereTheClientAsksForIt) {
  start();
  auto client = this->client();
  const auto plain = client.request(infer());
  const auto zipped = client.request(post(kInfer, row(), "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(zipped.status, 200);
  EXPECT_EQ(zipped.field("content-encoding"), "gzip");
  EXPECT_EQ(zipped.body.substr(0, 2), "\x1f\x8b");
  // What was compressed is accepted: the answer is no request, but it can be unpacked.
  expect_error(client.request(post(kInfer, zipped.body, "Content-Encoding: gzip\r\n")), 400);
  // Errors and all else are never compressed.
  for (const auto& response : {client.request(post(kInfer, "{", "Accept-Encoding: gzip\r\n")),
                               client.request("GET /v2 HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n")}) {
    EXPECT_EQ(response.field("content-encoding"), "");
  }
  EXPECT_EQ(plain.field("content-encoding"), "");
}

TEST_F(HttpServerTest, AnUnknownEncodingIsRefusedByName) {
  start();
  const auto response = client().request(post(kInfer, row(), "Content-Encoding: br\r\n"));
  expect_error(response, 501, "br");
  EXPECT_EQ(response.field("accept-encoding"), "gzip, deflate");
}

TEST_F(HttpServerTest, ErrorsOfARequestLeaveTheConnectionOpen) {
  start();
  auto client = this->client();
  expect_error(client.request(post("/v2/models/nobody/infer", row())), 404,
               "Request for unknown model: 'nobody'");
  expect_error(client.request(post(kInfer, "{\"inputs\":")), 400);
  expect_error(client.request(post(kInfer, row("[1,2,3]"))), 400, "Shape does not match true shape");
  expect_error(client.request(post(kInfer, row(), "Inference-Header-Content-Length: 99999999999\r\n")), 400);
  expect_ok(client.request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerTest, APercentEncodedPathIsDecoded) {
  start();
  expect_ok(client().request(post("/v2/models/identity%5Ffloat32/versions/1/infer?x=y", row())), "[1,2,3,4]");
}

TEST_F(HttpServerTest, MetricsHaveAPortOfTheirOwn) {
  start();
  auto client = test::HttpClient(server_->metrics_address());
  const auto page = client.request(get("/metrics"));
  expect_ok(page, "nv_inference_request_success");
  EXPECT_TRUE(page.field("content-type").starts_with("text/plain"));
  const auto wrong = client.request(post("/metrics", ""));
  expect_error(wrong, 405);
  EXPECT_EQ(wrong.field("allow"), "GET, HEAD");
  expect_error(client.request(get("/v2/health/live")), 404);
  expect_error(this->client().request(get("/metrics")), 404);
}

TEST_F(HttpServerTest, AUnixSocketServesTheSame) {
  options_.unix_socket = directory_.path() / "socket";
  start();
  test::HttpClient client(options_.unix_socket->string());
  expect_ok(client.request(infer()), "[1,2,3,4]");
  expect_ok(client.request(get("/v2")), "name");
  client.close();
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(*options_.unix_socket));
}

TEST_F(HttpServerTest, ASocketThatAKilledServerLeftIsReplaced) {
  options_.unix_socket = directory_.path() / "socket";
  {
    // Bound and closed, but not removed.
    const int left = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.unix_socket->string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(left);
  }
  start();
  EXPECT_EQ(test::HttpClient(options_.unix_socket->string()).request(infer()).status, 200);
}

TEST_F(HttpServerTest, APortThatIsTakenIsSaid) {
  start();
  auto options = options_;
  const std::string address = server_->http_address();
  options.http_port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  try {
    const HttpServer second(options, *services_);
    FAIL() << "two servers at one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::already_exists);
    EXPECT_NE(std::string(error.what()).find(address), std::string::npos);
  }
}

TEST_F(HttpServerTest, ModelsAreLoadedAndUnloadedByLocalPeers) {
  start(serving::ModelControl::explicit_);
  auto client = this->client();
  EXPECT_EQ(client.request(post("/v2/repository/models/identity_float32/unload", "{}")).status, 200);
  EXPECT_NE(client.request(infer()).status, 200);
  EXPECT_EQ(client.request(post("/v2/repository/models/identity_float32/load", "")).status, 200);
  expect_ok(client.request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerTest, TooManyConnectionsAreToldSo) {
  options_.limits.connections = 2;
  start();
  auto first = client();
  auto second = client();
  expect_ok(first.request(infer()), "[1,2,3,4]");
  expect_ok(second.request(infer()), "[1,2,3,4]");
  auto third = client();
  third.send(infer());
  const auto response = third.read_response();
  expect_error(response, 503, "too many connections");
  EXPECT_EQ(response.field("retry-after"), "1");
  EXPECT_TRUE(third.is_closed());
  first.close();
  third.close();
  wait_for_open_connections(1);
  expect_ok(client().request(infer()), "[1,2,3,4]");
  EXPECT_EQ(server_->statistics().refused_connections, 1U);
}

TEST_F(HttpServerTest, ConnectionsWithoutARequestEndAfterAWhile) {
  options_.timeouts.idle = std::chrono::milliseconds(10);
  start();
  auto fresh = client();
  EXPECT_TRUE(fresh.is_closed());
  auto used = client();
  expect_ok(used.request(infer()), "[1,2,3,4]");
  EXPECT_TRUE(used.is_closed());
  EXPECT_EQ(server_->statistics().timeouts, 0U);
}

TEST_F(HttpServerTest, SlowSendersAreGivenUp) {
  options_.timeouts.head = std::chrono::milliseconds(20);
  options_.timeouts.body = std::chrono::milliseconds(20);
  start();
  auto in_head = client();
  ASSERT_TRUE(in_head.send("GET /v2 HTTP/1.1\r\nX: "));
  expect_error(in_head.read_response(), 408, "header");
  EXPECT_TRUE(in_head.is_closed());
  auto in_body = client();
  ASSERT_TRUE(in_body.send("POST " + std::string(kInfer) + " HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"));
  expect_error(in_body.read_response(), 408, "body");
  EXPECT_TRUE(in_body.is_closed());
  EXPECT_EQ(server_->statistics().timeouts, 2U);
}

TEST_F(HttpServerTest, ASlowReaderIsGivenUp) {
  options_.timeouts.write = std::chrono::milliseconds(20);
  start();
  auto client = this->client();
  // More than the two sockets hold between them.
  const std::string head =
      R"({"inputs":[{"name":"x","shape":[4000000,4],"datatype":"FP32","parameters":{"binary_data_size":64000000}}],)"
      R"("parameters":{"binary_data_output":true}})";
  ASSERT_TRUE(client.send(post(kInfer, head + std::string(64000000, '\0'),
                               "Inference-Header-Content-Length: " + std::to_string(head.size()) + "\r\n")));
  wait_for_open_connections(0);
  EXPECT_EQ(inflight_.taken(), 0U);
  expect_ok(this->client().request(infer()), "[1,2,3,4]");
}

TEST_F(HttpServerTest, AHalfClosedClientGetsItsAnswer) {
  start();
  auto client = this->client();
  ASSERT_TRUE(client.send(infer() + infer("[4,3,2,1]")));
  client.end_sending();
  const auto final_response = [&client] {
    auto response = client.read_response();
    while (response.status == 100) response = client.read_response();
    return response;
  };
  expect_ok(final_response(), "[1,2,3,4]");
  expect_ok(final_response(), "[4,3,2,1]");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, AHalfClosedClientThatWaitsIsAskedAndStillGetsItsAnswer) {
  run_models_by_hand();
  start();
  auto client = this->client();
  ASSERT_TRUE(client.send(infer()));
  client.end_sending();
  wait_for_task();
  EXPECT_EQ(client.read_response().status, 100);
  workers_by_hand_.run_all();
  expect_ok(client.read_response(), "[1,2,3,4]");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, AHalfSentRequestThatEndsIsDropped) {
  start();
  auto client = this->client();
  ASSERT_TRUE(client.send("POST " + std::string(kInfer) + " HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"));
  client.end_sending();
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, TheRequestOfAClientThatIsGoneDoesNotRun) {
  for (const bool resets : {true, false}) {
    SCOPED_TRACE(resets);
    if (!server_) {
      run_models_by_hand();
      start();
    }
    const auto before = manager_->find("identity_float32", "")->statistics().snapshot();
    auto client = this->client();
    ASSERT_TRUE(client.send(infer()));
    wait_for_task();
    if (resets) {
      client.reset();
    } else {
      client.close();
    }
    // Cancelled: counted as such, before any worker has come to it.
    wait_until([&] {
      return manager_->find("identity_float32", "")->statistics().snapshot().fail.count > before.fail.count;
    });
    wait_for_open_connections(0);
    workers_by_hand_.run_all();
    EXPECT_EQ(manager_->find("identity_float32", "")->statistics().snapshot().execution_count,
              before.execution_count);
  }
}

TEST_F(HttpServerTest, OthersAreServedWhileAModelIsBusy) {
  run_models_by_hand();
  start();
  auto waiting = client();
  ASSERT_TRUE(waiting.send(infer()));
  wait_for_task();
  auto other = client();
  expect_ok(other.request(get("/v2/health/live")), "true");
  expect_ok(test::HttpClient(server_->metrics_address()).request(get("/metrics")), "nv_inference_pending");
  expect_error(other.request(post(kInfer, "no json")), 400);
  workers_by_hand_.run_all();
  expect_ok(waiting.read_response(), "[1,2,3,4]");
}

TEST_F(HttpServerTest, RequestsThatComeWhileOneRunsWaitTheirTurn) {
  run_models_by_hand();
  start();
  auto client = this->client();
  ASSERT_TRUE(client.send(infer()));
  wait_for_task();
  ASSERT_TRUE(client.send(infer("[2,2,3,4]") + get("/v2/health/live")));
  finish_by_hand([&] {
    expect_ok(client.read_response(), "[1,2,3,4]");
    expect_ok(client.read_response(), "[2,2,3,4]");
    expect_ok(client.read_response(), "live");
  });
}

TEST_F(HttpServerTest, AShutdownAnswersWhatWasAsked) {
  run_models_by_hand();
  start();
  auto busy = client();
  ASSERT_TRUE(busy.send(infer()));
  wait_for_task();
  auto idle = client();
  expect_ok(idle.request(get("/v2/health/live")), "true");
  auto fresh = client();
  const std::string address = server_->http_address();

  std::thread ending([this] { server_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(30)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_THROW(test::HttpClient{address}, std::runtime_error);
  workers_by_hand_.run_all();
  const auto response = busy.read_response();
  expect_ok(response, "[1,2,3,4]");
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  ending.join();
}

TEST_F(HttpServerTest, AShutdownAnswersARequestThatIsOnItsWay) {
  options_.timeouts.last_request = std::chrono::seconds(20);
  start();
  auto client = this->client();
  expect_ok(client.request(infer()), "[1,2,3,4]");
  auto made = this->client();
  std::thread ending([this] { server_->drain(std::chrono::steady_clock::now() + std::chrono::seconds(30)); });
  wait_until([this] {
    try {
      test::HttpClient another(server_->http_address());
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  });
  for (test::HttpClient* late : {&client, &made}) {
    const auto response = late->request(infer("[7,7,7,7]"));
    expect_ok(response, "[7,7,7,7]");
    EXPECT_EQ(response.field("connection"), "close");
    EXPECT_TRUE(late->is_closed());
  }
  // Those that only tried the door.
  ending.join();
}

TEST_F(HttpServerTest, AShutdownCancelsWhatIsNotAnsweredInTime) {
  run_models_by_hand();
  start();
  auto busy = client();
  ASSERT_TRUE(busy.send(infer()));
  wait_for_task();
  auto slow = client();
  ASSERT_TRUE(slow.send("GET /v2 HT"));
  server_->drain(std::chrono::steady_clock::now());
  EXPECT_TRUE(busy.is_closed());
  EXPECT_TRUE(slow.is_closed());
  workers_by_hand_.run_all();
  EXPECT_EQ(manager_->find("identity_float32", "")->statistics().snapshot().execution_count, 0U);
}

}  // namespace
}  // namespace onda::server
