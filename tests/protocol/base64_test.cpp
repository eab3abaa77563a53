#include "protocol/base64.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

constexpr std::size_t kMuch = 1 << 20;

std::string encoded(std::string_view text) { return encode_base64(std::as_bytes(std::span(text))); }

testing::AssertionResult refuses(std::string_view text, std::string_view part = "base64") {
  return test::throws_error([&] { return decode_base64(text, kMuch); }, ErrorCode::invalid_argument, part);
}

TEST(Base64, GivesTheVectorsOfTheStandard) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(encoded(plain), text);
    EXPECT_EQ(decode_base64(text, kMuch), plain);
  }
}

TEST(Base64, AllBytesComeBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = bytes.substr(0, size);
    EXPECT_EQ(decode_base64(encoded(part), kMuch), part);
  }
  EXPECT_EQ(decode_base64("+/+/", kMuch), "\xFB\xFF\xBF");
}

TEST(Base64, SkipsTheLineFeedsThatClientsSend) {
  const std::string bytes(200, 'x');
  std::string lines;
  const auto text = encoded(bytes);
  for (std::size_t i = 0; i < text.size(); i += 72) lines += text.substr(i, 72) + "\n";
  EXPECT_EQ(decode_base64(lines, kMuch), bytes);
  EXPECT_EQ(decode_base64(" Z\tg\r\n=\v=\f", kMuch), "f");
  EXPECT_EQ(decode_base64(" \n ", kMuch), "");
}

TEST(Base64, RefusesWhatIsNone) {
  EXPECT_TRUE(refuses("Zm9", "multiple of 4"));
  EXPECT_TRUE(refuses("Zg", "multiple of 4"));
  EXPECT_TRUE(refuses("Z===", "at most 2"));
  EXPECT_TRUE(refuses("====", "at most 2"));
  EXPECT_TRUE(refuses("Zg==Zg==", "before the end"));
  EXPECT_TRUE(refuses("Z=g=", "before the end"));
  EXPECT_TRUE(refuses("Zm-v", "byte 2"));
  EXPECT_TRUE(refuses(std::string_view("Zm\0v", 4), "byte 2"));
  EXPECT_TRUE(refuses("Zm9\x80", "byte 3"));
  // The same byte as "Zg==".
  EXPECT_TRUE(refuses("Zh==", "not 0"));
  EXPECT_TRUE(refuses("Zm9=", "not 0"));
}

TEST(Base64, RefusesMoreThanTheLimit) {
  EXPECT_EQ(decode_base64("Zm9v", 3), "foo");
  EXPECT_TRUE(test::throws_error([] { return decode_base64("Zm9v", 2); }, ErrorCode::invalid_argument,
                                 "exceeds the maximum allowed"));
}

}  // namespace
}  // namespace onda::protocol
