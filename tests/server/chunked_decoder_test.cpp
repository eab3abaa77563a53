#include "server/chunked_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace onda::server {
namespace {

struct Decoded {
  std::string body;
  std::string rest;
  bool is_over = false;
  int fault = 0;
};

/// In pieces of `step` bytes, each in place.
Decoded decode(std::string text, std::size_t step, std::uint64_t limit = 1 << 20) {
  ChunkedDecoder decoder;
  decoder.start(limit);
  Decoded decoded;
  for (std::size_t at = 0; at < text.size() && !decoded.is_over;) {
    const std::size_t size = std::min(step, text.size() - at);
    const ChunkedDecoder::Progress progress = decoder.decode(text.data() + at, size, text.data() + at);
    decoded.body.append(text, at, progress.produced);
    at += progress.consumed;
    decoded.is_over = progress.is_over;
    if (progress.fault) {
      decoded.fault = progress.fault->status;
      return decoded;
    }
    if (decoded.is_over) decoded.rest = text.substr(at);
  }
  return decoded;
}

TEST(ChunkedDecoder, GivesTheBodyHoweverItArrives) {
  const std::string text = "5\r\nhello\r\nA;name=\"x\" \r\n, world!!!\r\n0\r\nX-Trailer: 1\r\n\r\nGET /";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const Decoded decoded = decode(text, step);
    EXPECT_TRUE(decoded.is_over) << step;
    EXPECT_EQ(decoded.body, "hello, world!!!") << step;
    EXPECT_EQ(decoded.rest, "GET /") << step;
  }
}

TEST(ChunkedDecoder, TakesAnEmptyBody) {
  const Decoded decoded = decode("0\r\n\r\n", 99);
  EXPECT_TRUE(decoded.is_over);
  EXPECT_EQ(decoded.body, "");
}

TEST(ChunkedDecoder, WaitsForTheLastByte) {
  const std::string text = "1\r\nx\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Decoded decoded = decode(text.substr(0, size), 99);
    EXPECT_FALSE(decoded.is_over) << size;
    EXPECT_EQ(decoded.fault, 0) << size;
  }
}

TEST(ChunkedDecoder, RefusesWhatIsMalformed) {
  for (const char* text :
       {"\r\n", "g\r\n", "-1\r\n", " 5\r\nhello\r\n", "0x5\r\nhello\r\n", "5\nhello\r\n", "5\r\nhello0\r\n",
        "5\r\nhelloworld", "5\r\nhello\n0\r\n\r\n", "5 5\r\nhello", "10000000000000000\r\n", "5;\x01\r\n",
        "0\r\n\n", "0\r\nX\n\r\n", "0\r\nX: \x02\r\n\r\n", "0\r\n\rx", "5\rhello\r\n", ";\r\n"}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{99}})
      EXPECT_EQ(decode(text, step).fault, 400) << text;
  }
}

TEST(ChunkedDecoder, TheBodyIsBounded) {
  EXPECT_EQ(decode("4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n", 99, 7).body, "abcdefg");
  EXPECT_EQ(decode("4\r\nabcd\r\n4\r\nefgh\r\n0\r\n\r\n", 99, 7).fault, 413);
  // Refused by what it says, before a byte of it has come.
  EXPECT_EQ(decode("FFFFFFFFFFFFFFFF\r\n", 99, 7).fault, 413);
  EXPECT_EQ(decode("1\r\na\r\nFFFFFFFFFFFFFFFF\r\n", 99).fault, 413);
}

TEST(ChunkedDecoder, TheNumberOfChunksIsBounded) {
  std::string text;
  for (std::uint32_t i = 0; i < ChunkedDecoder::kMostChunks; ++i) text += "1\r\nx\r\n";
  EXPECT_EQ(decode(text + "0\r\n\r\n", text.size() + 9).body.size(), ChunkedDecoder::kMostChunks);
  EXPECT_EQ(decode(text + "1\r\nx\r\n0\r\n\r\n", text.size() + 99).fault, 400);
}

TEST(ChunkedDecoder, LinesAndTrailersAreBounded) {
  EXPECT_EQ(decode("1;" + std::string(ChunkedDecoder::kLongestLine, 'x') + "\r\n", 9999).fault, 400);
  EXPECT_EQ(decode("1" + std::string(ChunkedDecoder::kLongestLine, ' ') + "\r\n", 9999).fault, 400);
  std::string trailer = "0\r\n";
  while (trailer.size() < ChunkedDecoder::kMostTrailerBytes + 9) trailer += "X: y\r\n";
  // Line ends do not count.
  EXPECT_TRUE(decode(trailer + "\r\n", 99999).is_over);
  EXPECT_EQ(
      decode("0\r\nX: " + std::string(ChunkedDecoder::kMostTrailerBytes, 'y') + "\r\n\r\n", 99999).fault,
      431);
}

}  // namespace
}  // namespace onda::server
