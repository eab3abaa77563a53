#include "server/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace onda::server {
namespace {

struct Parsed {
  HttpHead head;
  std::optional<HttpFault> fault;
  /// What the head refers to.
  std::unique_ptr<std::string> text;
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  parsed.text = std::make_unique<std::string>(text);
  parsed.fault = parse_http_head(*parsed.text, parsed.head);
  return parsed;
}

/// A request with these header lines, each with its line end.
std::string with_fields(std::string_view fields, std::string_view version = "HTTP/1.1") {
  return "POST /v2/models/m/infer " + std::string(version) + "\r\n" + std::string(fields) + "\r\n";
}

int status_of(const std::string& text) {
  const Parsed parsed = parse(text);
  return parsed.fault ? parsed.fault->status : 200;
}

TEST(HttpHead, ReadsMethodTargetAndVersion) {
  const auto [head, fault, text] = parse("GET /v2/models/m?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_FALSE(fault);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/v2/models/m?a=b");
  EXPECT_FALSE(head.is_http_1_0);
  EXPECT_TRUE(head.keeps_alive);
  EXPECT_EQ(head.framing, BodyFraming::none);
}

TEST(HttpHead, RefusesMalformedRequestLines) {
  for (const char* line :
       {"", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /", "GET / HTTP/1.1 ", "GET /\tx HTTP/1.1",
        "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/1.x", "G@T / HTTP/1.1", "GET x HTTP/1.1",
        "GET / HTTP/11.1", "GET /a b HTTP/1.1", "GET ftp://x/ HTTP/1.1"}) {
    EXPECT_EQ(status_of(std::string(line) + "\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n\r\n"), 505);
}

TEST(HttpHead, TakesBytesBeyondAsciiInATarget) {
  const auto [head, fault, text] = parse("GET /v2/models/m\xc3\xbc HTTP/1.1\r\n\r\n");
  ASSERT_FALSE(fault);
  EXPECT_EQ(head.target, "/v2/models/m\xc3\xbc");
}

TEST(HttpHead, ReducesAnAbsoluteTargetToItsPath) {
  EXPECT_EQ(parse("GET http://host:8000/v2?x HTTP/1.1\r\n\r\n").head.target, "/v2?x");
  EXPECT_EQ(parse("GET HTTP://host HTTP/1.1\r\n\r\n").head.target, "/");
}

TEST(HttpHead, FieldNamesAreReadInAnyCase) {
  const auto [head, fault, text] =
      parse(with_fields("CONTENT-length: 12\r\ninference-header-content-length:7\r\nContent-ENCODING:\t gzip "
                        "\t\r\naccept-encoding: "
                        "deflate\r\nEXPECT: 100-Continue\r\n"));
  ASSERT_FALSE(fault);
  EXPECT_EQ(head.framing, BodyFraming::length);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_EQ(head.inference_header_content_length, "7");
  EXPECT_EQ(head.content_encoding, "gzip");
  EXPECT_EQ(head.accept_encoding, "deflate");
  EXPECT_TRUE(head.expects_continue);
}

TEST(HttpHead, RefusesMalformedFields) {
  for (const char* field :
       {"Host : x\r\n", "Host\r\n", ": x\r\n", "Host: a\r\n b\r\n", "Host: a\nX: b\r\n", "Host: a\rb\r\n",
        "Host: \x01\r\n", "Host: a\x7f\r\n", "H(st: x\r\n", " Host: x\r\n"}) {
    EXPECT_EQ(status_of(with_fields(field)), 400) << field;
  }
  EXPECT_EQ(status_of(with_fields(std::string_view("Host: a\0b\r\n", 11))), 400);
}

TEST(HttpHead, ALengthIsDigitsThatFitAndAgree) {
  for (const char* length :
       {"", "-1", "+1", "1x", "0x10", "1.0", "1 2", "18446744073709551616", "1,2", "1,"}) {
    EXPECT_EQ(status_of(with_fields("Content-Length: " + std::string(length) + "\r\n")), 400) << length;
  }
  EXPECT_EQ(status_of(with_fields("Content-Length: 5\r\nContent-Length: 6\r\n")), 400);
  EXPECT_EQ(parse(with_fields("Content-Length: 5\r\nContent-Length: 5, 5\r\n")).head.content_length, 5U);
  EXPECT_EQ(parse(with_fields("Content-Length: 18446744073709551615\r\n")).head.content_length,
            18446744073709551615U);
}

TEST(HttpHead, OnlyChunkedIsKnownAndNeverBesideALength) {
  EXPECT_EQ(parse(with_fields("Transfer-Encoding: Chunked\r\n")).head.framing, BodyFraming::chunked);
  for (const char* fields :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding:\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "Transfer-Encoding: \vchunked\r\n"}) {
    EXPECT_EQ(status_of(with_fields(fields)), 400) << fields;
  }
  EXPECT_EQ(status_of(with_fields("Transfer-Encoding: chunked\r\n", "HTTP/1.0")), 400);
}

TEST(HttpHead, FieldsThatMayBeThereOnceAreRefusedTwice) {
  for (const char* field : {"Inference-Header-Content-Length: 5\r\n", "Content-Encoding: gzip\r\n"}) {
    EXPECT_EQ(status_of(with_fields(std::string(field) + field)), 400) << field;
  }
  EXPECT_EQ(status_of(with_fields("Host: a\r\nHost: b\r\n")), 400);
}

TEST(HttpHead, AnUnknownExpectationIsRefused) {
  EXPECT_EQ(status_of(with_fields("Expect: pancakes\r\n")), 417);
}

TEST(HttpHead, TheConnectionStaysOpenAsTheClientWants) {
  EXPECT_TRUE(parse(with_fields("")).head.keeps_alive);
  EXPECT_FALSE(parse(with_fields("Connection: Close\r\n")).head.keeps_alive);
  EXPECT_FALSE(parse(with_fields("Connection: x, close\r\n")).head.keeps_alive);
  EXPECT_FALSE(parse(with_fields("Connection: keep-alive\r\nConnection: close\r\n")).head.keeps_alive);
  EXPECT_FALSE(parse(with_fields("", "HTTP/1.0")).head.keeps_alive);
  EXPECT_TRUE(parse(with_fields("Connection: keep-alive\r\n", "HTTP/1.0")).head.keeps_alive);
}

TEST(HttpHead, AClientOfHttp10ExpectsNoInterimAnswer) {
  EXPECT_FALSE(parse(with_fields("Expect: 100-continue\r\n", "HTTP/1.0")).head.expects_continue);
}

TEST(HttpHead, ViewsFollowTheirBytes) {
  const std::string text = with_fields("Accept-Encoding: gzip\r\nInference-Header-Content-Length: 3\r\n");
  HttpHead head;
  ASSERT_FALSE(parse_http_head(text, head));
  const std::string copy(text.data(), text.size());
  head.rebase(text.data(), copy.data());
  EXPECT_EQ(head.method.data(), copy.data());
  EXPECT_EQ(head.target.data(), copy.data() + 5);
  EXPECT_EQ(head.accept_encoding.data() - copy.data(), text.find("gzip"));
  EXPECT_EQ(head.content_encoding.data(), nullptr);
  EXPECT_EQ(*head.inference_header_content_length, "3");
}

}  // namespace
}  // namespace onda::server
