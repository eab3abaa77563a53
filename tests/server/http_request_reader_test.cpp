#include "server/http_request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace onda::server {
namespace {

using Step = HttpRequestReader::Step;

/// What was read of a connection: "METHOD TARGET [body]" for each request, and a fault's status at the end.
std::vector<std::string> read_all(std::string_view text, std::size_t step) {
  ReadBuffer buffer;
  HttpRequestReader reader;
  std::vector<std::string> events;
  std::size_t at = 0;
  for (;;) {
    switch (reader.advance(buffer)) {
      case Step::need_bytes: {
        if (at == text.size()) return events;
        buffer.reserve(std::max(reader.room_wanted(buffer), buffer.size() + 1));
        const std::size_t size = std::min({step, text.size() - at, buffer.free_space().size()});
        std::copy_n(text.data() + at, size, buffer.free_space().data());
        buffer.commit(size);
        at += size;
        break;
      }
      case Step::head_read:
        reader.set_chunked_limit(1 << 20);
        buffer.reserve(reader.room_wanted(buffer));
        reader.follow(buffer);
        break;
      case Step::body_read: {
        const auto body = reader.body(buffer);
        events.push_back(std::string(reader.head().method) + " " + std::string(reader.head().target) + " [" +
                         std::string(reinterpret_cast<const char*>(body.data()), body.size()) + "]");
        reader.finish(buffer);
        break;
      }
      case Step::fault:
        events.push_back(std::to_string(reader.fault().status));
        return events;
    }
  }
}

void expect_same_however_it_arrives(const std::string& text, const std::vector<std::string>& expected) {
  EXPECT_EQ(read_all(text, text.size()), expected);
  for (std::size_t step = 1; step < std::min<std::size_t>(text.size(), 200); ++step) {
    EXPECT_EQ(read_all(text, step), expected) << step;
  }
}

TEST(HttpRequestReader, PipelinedRequestsComeOneAfterTheOther) {
  expect_same_however_it_arrives(
      "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
      "GET /b HTTP/1.1\r\n\r\n"
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n1\r\n!\r\n0\r\n\r\n"
      "POST /d HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
      {"POST /a [abc]", "GET /b []", "POST /c [wxyz!]", "POST /d []"});
}

TEST(HttpRequestReader, APostWithoutAnyLengthHasNoBody) {
  expect_same_however_it_arrives(
      "POST /v2/repository/index HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
      {"POST /v2/repository/index []", "GET /b []"});
}

TEST(HttpRequestReader, LineEndsBeforeARequestAreSkipped) {
  expect_same_however_it_arrives("\r\n\r\nGET /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
                                 {"GET /a []", "GET /b []"});
}

TEST(HttpRequestReader, WhatIsNoHttpIsRefusedAtItsFirstByte) {
  EXPECT_EQ(read_all(std::string("\x16\x03\x01", 3), 1), std::vector<std::string>{"400"});
  expect_same_however_it_arrives("\rGET /", {"400"});
}

TEST(HttpRequestReader, NothingIsReadBehindAFault) {
  expect_same_however_it_arrives(
      "POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b "
      "HTTP/1.1\r\n\r\n",
      {"400"});
  expect_same_however_it_arrives(
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nGET /b HTTP/1.1\r\n\r\n", {"400"});
}

TEST(HttpRequestReader, AHeadIsBounded) {
  const std::string begin = "GET / HTTP/1.1\r\nX: ";
  const std::string end = "\r\n\r\n";
  const std::string fill(HttpRequestReader::kMostHeadBytes - begin.size() - end.size(), 'x');
  for (const std::size_t step : {std::size_t{1000}, std::size_t{1 << 20}}) {
    EXPECT_EQ(read_all(begin + fill + end, step), std::vector<std::string>{"GET / []"});
    EXPECT_EQ(read_all(begin + fill + "x" + end, step), std::vector<std::string>{"431"});
    EXPECT_EQ(read_all(begin + fill + fill, step), std::vector<std::string>{"431"});
  }
}

TEST(HttpRequestReader, ABodyMayBeLargerThanTheBufferWas) {
  const std::string body(200000, 'b');
  const std::string text =
      "POST /a HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + body + "GET /b HTTP/1.1\r\n\r\n";
  std::string chunked = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "2710\r\n" + body.substr(0, 10000) + "\r\n";
  chunked += "0\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
  for (const std::size_t step : {std::size_t{977}, std::size_t{16384}, std::size_t{1 << 20}}) {
    EXPECT_EQ(read_all(text, step), (std::vector<std::string>{"POST /a [" + body + "]", "GET /b []"}));
    EXPECT_EQ(read_all(chunked, step), (std::vector<std::string>{"POST /a [" + body + "]", "GET /b []"}));
  }
}

TEST(HttpRequestReader, TinyChunksTakeNoMoreMemoryThanTheirBody) {
  std::string text = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::size_t head = text.size();
  for (int i = 0; i < 10000; ++i) text += "1;extension=of-no-use\r\nx\r\n";
  ReadBuffer buffer;
  HttpRequestReader reader;
  buffer.reserve(ReadBuffer::kBaseCapacity);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::min<std::size_t>({1000, text.size() - at, buffer.free_space().size()});
    ASSERT_GT(size, 0U);
    std::copy_n(text.data() + at, size, buffer.free_space().data());
    buffer.commit(size);
    at += size;
    for (;;) {
      const Step step = reader.advance(buffer);
      ASSERT_NE(step, Step::fault);
      if (step == Step::need_bytes) break;
      reader.set_chunked_limit(1 << 20);
    }
  }
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kBaseCapacity);
  EXPECT_EQ(buffer.size(), head + 10000);
}

}  // namespace
}  // namespace onda::server
