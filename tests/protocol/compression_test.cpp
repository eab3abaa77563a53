#include "protocol/compression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "protocol/rest_infer.h"
#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

constexpr std::size_t kMuch = 64 << 20;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string compressed(std::string_view text, ContentEncoding encoding = ContentEncoding::gzip) {
  const std::span<const std::byte> pieces[] = {bytes_of(text)};
  return deflate(pieces, encoding);
}

std::string inflated(std::string_view body, std::size_t limit = kMuch) {
  const auto result = inflate(bytes_of(body), limit);
  const auto span = result.span();
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

std::string noise(std::size_t size) {
  std::mt19937 generator(7);
  std::string text(size, '\0');
  for (auto& character : text) character = static_cast<char>(generator());
  return text;
}

testing::AssertionResult refuses(std::string_view body, std::string_view part, std::size_t limit = kMuch) {
  return test::throws_error([&] { return inflate(bytes_of(body), limit); }, ErrorCode::invalid_argument,
                            part);
}

TEST(Compression, WhatIsCompressedComesBack) {
  for (const auto encoding : {ContentEncoding::gzip, ContentEncoding::deflate}) {
    for (const std::string& text :
         {std::string(), std::string("a"), std::string(100'000, 'x'), noise(70'000)}) {
      EXPECT_EQ(inflated(compressed(text, encoding)), text);
    }
  }
}

TEST(Compression, AnswersAreOfTheFormatThatTheHeaderNames) {
  EXPECT_EQ(compressed("text", ContentEncoding::gzip).substr(0, 2), "\x1F\x8B");
  EXPECT_EQ(compressed("text", ContentEncoding::deflate)[0], '\x78');
}

TEST(Compression, PiecesAreOneStream) {
  const std::string first = noise(5000);
  const std::string second(3000, 'b');
  const std::span<const std::byte> pieces[] = {bytes_of(first), {}, bytes_of(second)};
  EXPECT_EQ(inflated(deflate(pieces, ContentEncoding::gzip)), first + second);
  EXPECT_EQ(inflated(deflate({}, ContentEncoding::deflate)), "");
}

TEST(Compression, ReadsSeveralStreamsInOneBody) {
  EXPECT_EQ(inflated(compressed("one ") + compressed("") + compressed("two")), "one two");
}

TEST(Compression, PaddingBehindTheBodyMayBeRead) {
  const auto body = inflate(bytes_of(compressed(std::string(4096, 'x'))), 4096);
  ASSERT_EQ(body.size, 4096U);
  EXPECT_TRUE(std::all_of(body.bytes.get() + body.size, body.bytes.get() + body.size + kBodyPadding,
                          [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(Compression, RefusesEveryStreamThatIsCutShort) {
  const auto whole = compressed(noise(300));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(refuses(whole.substr(0, size), "cut short")) << size;
  }
}

TEST(Compression, RefusesWhatIsDamaged) {
  auto body = compressed(std::string(1000, 'x'));
  EXPECT_TRUE(refuses("no such stream", "damaged"));
  EXPECT_TRUE(refuses(body + "rest", "damaged"));
  // The checksum stands at the end, before the length.
  body[body.size() - 6] ^= 1;
  EXPECT_TRUE(refuses(body, "damaged"));
  // Raw deflate, without the two bytes of zlib in front.
  EXPECT_TRUE(refuses(compressed("text", ContentEncoding::deflate).substr(2), "damaged"));
}

TEST(Compression, TakesAsMuchAsTheLimitAndNoMore) {
  const auto body = compressed(std::string(10'000, 'x'));
  EXPECT_EQ(inflated(body, 10'000).size(), 10'000U);
  EXPECT_TRUE(refuses(body, "exceeds the maximum allowed", 9'999));
  EXPECT_TRUE(refuses(body, "exceeds the maximum allowed", 0));
  EXPECT_EQ(inflated(compressed(""), 0), "");
}

TEST(Compression, ABombIsRefusedAtTheLimit) {
  // 256 MB of zeros.
  const std::string megabyte(1 << 20, '\0');
  const std::vector<std::span<const std::byte>> pieces(256, bytes_of(megabyte));
  const auto bomb = deflate(pieces, ContentEncoding::gzip);
  ASSERT_LT(bomb.size(), std::size_t{2} << 20);
  EXPECT_TRUE(refuses(bomb, "exceeds the maximum allowed", std::size_t{1} << 20));
}

TEST(Compression, KnowsTheEncodingsOfRequests) {
  EXPECT_EQ(parse_content_encoding(""), ContentEncoding::identity);
  EXPECT_EQ(parse_content_encoding("identity"), ContentEncoding::identity);
  EXPECT_EQ(parse_content_encoding("gzip"), ContentEncoding::gzip);
  EXPECT_EQ(parse_content_encoding(" GZip "), ContentEncoding::gzip);
  EXPECT_EQ(parse_content_encoding("deflate"), ContentEncoding::deflate);
  for (const std::string_view other : {"br", "zstd", "gzip, gzip", "gzip;q=1", "gzipp", "gzi"}) {
    EXPECT_TRUE(
        test::throws_error([&] { return parse_content_encoding(other); }, ErrorCode::unimplemented, other));
  }
}

TEST(Compression, ChoosesTheEncodingThatWeighsMost) {
  const auto choose = choose_response_encoding;
  EXPECT_EQ(choose(""), ContentEncoding::identity);
  EXPECT_EQ(choose("gzip, deflate"), ContentEncoding::gzip);
  EXPECT_EQ(choose("deflate, gzip"), ContentEncoding::deflate);
  EXPECT_EQ(choose("br, zstd, gzip"), ContentEncoding::gzip);
  EXPECT_EQ(choose("gzip;q=0.5, deflate;q=0.8"), ContentEncoding::deflate);
  EXPECT_EQ(choose("gzip;q=0.5,identity;q=0.8"), ContentEncoding::identity);
  EXPECT_EQ(choose("identity, gzip"), ContentEncoding::identity);
  EXPECT_EQ(choose("gzip;q=0.001"), ContentEncoding::gzip);
  EXPECT_EQ(choose("gzip;q=0, deflate;q=0.0"), ContentEncoding::identity);
  EXPECT_EQ(choose("  GZIP ; Q=1.000 "), ContentEncoding::gzip);
  EXPECT_EQ(choose("*"), ContentEncoding::identity);
}

TEST(Compression, PassesOverWhatItCannotUnderstand) {
  const auto choose = choose_response_encoding;
  for (const std::string_view wrong :
       {"gzip;q=2", "gzip;q=", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=-1", "gzip;q=a"}) {
    EXPECT_EQ(choose(wrong), ContentEncoding::identity) << wrong;
  }
  EXPECT_EQ(choose(",,;q=1,gzip;level=3;q=0.2,"), ContentEncoding::gzip);
}

}  // namespace
}  // namespace onda::protocol
