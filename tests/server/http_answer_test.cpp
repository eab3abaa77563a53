#include "server/http_answer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace onda::server {
namespace {

std::string head_of(const HttpAnswer& answer, ConnectionFate fate = {}) {
  std::string out = "of the answer before";
  write_answer_head(answer, fate, out);
  return out;
}

TEST(HttpAnswer, SaysTypeAndLength) {
  EXPECT_EQ(head_of({.head = "{}"}),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
}

TEST(HttpAnswer, CountsThePartsBehindTheJson) {
  const std::array<std::byte, 5> bytes{};
  const std::array<std::span<const std::byte>, 2> parts{std::span(bytes), std::span(bytes).first(3)};
  EXPECT_EQ(
      head_of({.content_type = "application/octet-stream", .json_bytes = 2, .head = "{}", .parts = parts}),
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: 2\r\n"
      "Content-Length: 10\r\n\r\n");
}

TEST(HttpAnswer, SaysWhatBecomesOfTheConnection) {
  EXPECT_NE(head_of({}, {.keeps_alive = false}).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_NE(head_of({}, {.keeps_alive = true, .is_http_1_0 = true}).find("\r\nConnection: keep-alive\r\n"),
            std::string::npos);
}

TEST(HttpAnswer, HasTheFieldsOfAnError) {
  protocol::RestResponse response{.status = 503, .body = "{}"};
  response.headers.emplace_back("Retry-After", "1");
  EXPECT_EQ(head_of(answer_of(response)),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
            "Content-Length: 2\r\n\r\n");
}

TEST(HttpAnswer, NamesTheEncoding) {
  EXPECT_NE(head_of({.content_encoding = "gzip"}).find("\r\nContent-Encoding: gzip\r\n"), std::string::npos);
}

}  // namespace
}  // namespace onda::server
