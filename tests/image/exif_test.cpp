#include "image/exif.h"

#include <gtest/gtest.h>

#include "image/reference_cases.h"
#include "support/sample_images.h"

namespace onda::image {
namespace {

using namespace std::string_view_literals;
using test::bytes_of;
using test::tiff_block;
using test::TiffEntry;

TEST(ExifTest, ReadsEveryOrientationInBothByteOrders) {
  for (std::uint32_t value = 1; value <= 8; ++value) {
    for (const bool is_big_endian : {false, true}) {
      EXPECT_EQ(exif_orientation(tiff_block(is_big_endian, TiffEntry{.value = value})),
                static_cast<Orientation>(value));
    }
  }
}

TEST(ExifTest, TakesAnyUnsignedType) {
  for (const std::uint16_t type : {std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{4}}) {
    for (const bool is_big_endian : {false, true}) {
      const auto block = tiff_block(is_big_endian, TiffEntry{.type = type, .value = 6});
      EXPECT_EQ(exif_orientation(block), Orientation::rotate_clockwise) << type;
    }
  }
}

TEST(ExifTest, IgnoresPrefixOfJpegAndPngWriters) {
  auto block = bytes_of("Exif\0\0"sv);
  const auto tiff = tiff_block(false, TiffEntry{.value = 8});
  block.insert(block.end(), tiff.begin(), tiff.end());
  EXPECT_EQ(exif_orientation(block), Orientation::rotate_counterclockwise);
}

TEST(ExifTest, IsUprightWhereTheEntryIsNoOrientation) {
  const TiffEntry entries[] = {{.value = 0},
                               {.value = 9},
                               {.value = 65535},
                               {.type = 2, .value = 6},
                               {.type = 9, .value = 6},
                               {.count = 0, .value = 6},
                               {.count = 2, .value = 6},
                               {.tag = 0x0111, .value = 6}};
  for (const TiffEntry& entry : entries) {
    EXPECT_EQ(exif_orientation(tiff_block(false, entry)), Orientation::upright);
  }
}

TEST(ExifTest, IsUprightWhereTheBlockIsCutShort) {
  const auto block = tiff_block(false, TiffEntry{.value = 6});
  // The entry's value ends at byte 20; what follows it (the next directory) is not needed.
  for (std::size_t length = 0; length < 20; ++length) {
    EXPECT_EQ(exif_orientation(std::span(block).first(length)), Orientation::upright) << length;
  }
  EXPECT_EQ(exif_orientation(std::span(block).first(20)), Orientation::rotate_clockwise);
}

TEST(ExifTest, IsUprightWhereTheDirectoryLiesOutside) {
  auto block = tiff_block(false, TiffEntry{.value = 6});
  for (std::size_t i = 4; i < 8; ++i) block[i] = std::byte{0xFF};
  EXPECT_EQ(exif_orientation(block), Orientation::upright);
}

TEST(ExifTest, FindsTheBlockOfEachFormat) {
  const auto of = [](const char* name, ImageFormat format) {
    return exif_orientation(format, test::reference_file(name));
  };
  EXPECT_EQ(of("images/exif_6.jpg", ImageFormat::jpeg), Orientation::rotate_clockwise);
  EXPECT_EQ(of("images/exif_6_big_endian.jpg", ImageFormat::jpeg), Orientation::rotate_clockwise);
  EXPECT_EQ(of("images/exif_9_unknown.jpg", ImageFormat::jpeg), Orientation::upright);
  EXPECT_EQ(of("images/exif_5.png", ImageFormat::png), Orientation::transpose);
  EXPECT_EQ(of("images/exif_8.webp", ImageFormat::webp), Orientation::rotate_counterclockwise);
  EXPECT_EQ(of("images/jpeg_420.jpg", ImageFormat::jpeg), Orientation::upright);
  EXPECT_EQ(of("images/png_rgb8.png", ImageFormat::png), Orientation::upright);
  EXPECT_EQ(of("images/webp_lossless.webp", ImageFormat::webp), Orientation::upright);
}

TEST(ExifTest, StopsAtTheEndOfADamagedFile) {
  for (const auto format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp}) {
    EXPECT_EQ(exif_orientation(format, {}), Orientation::upright);
  }
  // Padding up to the end, a segment shorter than its own length field, one that reaches beyond the file.
  for (const auto text :
       {"\xFF\xD8\xFF\xFF\xFF\xFF"sv, "\xFF\xD8\xFF\xE1\0\1"sv, "\xFF\xD8\xFF\xE1\xFF\xFF"sv}) {
    EXPECT_EQ(exif_orientation(ImageFormat::jpeg, bytes_of(text)), Orientation::upright);
  }
  EXPECT_EQ(exif_orientation(ImageFormat::png, bytes_of("\x89PNG\r\n\x1a\n\xFF\xFF\xFF\xFFtEXt")),
            Orientation::upright);
  EXPECT_EQ(exif_orientation(ImageFormat::webp, bytes_of("RIFF\0\0\0\0WEBPVP8 \xFF\xFF\xFF\xFF"sv)),
            Orientation::upright);
}

}  // namespace
}  // namespace onda::image
