#include <gtest/gtest.h>

#include "onda/preprocess.h"
#include "support/sample_images.h"

namespace onda {
namespace {

using test::bytes_of;
using namespace std::string_view_literals;

TEST(SniffTest, TellsFormatsByTheirFirstBytes) {
  EXPECT_EQ(sniff_image(bytes_of("\xFF\xD8\xFF\xE0")), ImageFormat::jpeg);
  EXPECT_EQ(sniff_image(bytes_of("\x89PNG\r\n\x1a\n")), ImageFormat::png);
  EXPECT_EQ(sniff_image(bytes_of("RIFF\0\0\0\0WEBP"sv)), ImageFormat::webp);
}

TEST(SniffTest, KnowsNothingElse) {
  EXPECT_EQ(sniff_image({}), std::nullopt);
  EXPECT_EQ(sniff_image(bytes_of("GIF89a")), std::nullopt);
  EXPECT_EQ(sniff_image(bytes_of("\xFF\xD8")), std::nullopt);
  EXPECT_EQ(sniff_image(bytes_of("\x89PNG\n\x1a\n")), std::nullopt);
  EXPECT_EQ(sniff_image(bytes_of("RIFF\0\0\0\0WAVE"sv)), std::nullopt);
  EXPECT_EQ(sniff_image(bytes_of("RIFF\0\0\0\0WEB"sv)), std::nullopt);
}

}  // namespace
}  // namespace onda
