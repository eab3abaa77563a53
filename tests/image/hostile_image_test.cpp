// Files that are damaged, cut short or made to cost: each ends in an Error, soon, without memory, and in
// silence.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "image/reference_cases.h"
#include "onda/preprocess.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"
#include "support/sample_images.h"

namespace onda {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

/// The largest address space that this process has had, in KiB. Counts what was allocated, touched or not.
std::uint64_t peak_address_space_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "VmPeak:" && status >> kib) return kib;
  }
  ADD_FAILURE() << "no VmPeak in /proc/self/status";
  return 0;
}

/// Refused for its size, before any buffer for pixels and any large one of a decoder's own.
void expect_refused_unallocated(const Bytes& file, std::string_view size) {
  SCOPED_TRACE(size);
  const auto allocator = std::make_shared<test::FailingAllocator>();
  const std::uint64_t before = peak_address_space_kib();
  EXPECT_TRUE(test::throws_error([&] { return load_image(file, Preprocess::imagenet(), allocator); },
                                 ErrorCode::resource_exhausted, size, "100000000"));
  EXPECT_EQ(allocator->calls(), 0U);
  EXPECT_LT(peak_address_space_kib() - before, 64U * 1024);
}

TEST(HostileImageTest, GiantHeadersAllocateNothing) {
  Bytes png = test::png_file(50'000, 50'000, 8, 2, std::string(900, 'x'));
  ASSERT_LE(png.size(), 1024U);
  expect_refused_unallocated(png, "50000 x 50000");
  expect_refused_unallocated(test::png_file(10'001, 10'000, 1, 0, ""), "10001 x 10000");

  const Bytes jpeg = test::reference_file("images/jpeg_420.jpg");
  expect_refused_unallocated(test::with_jpeg_size(jpeg, 65'000, 65'000), "65000 x 65000");
  const Bytes progressive = test::reference_file("images/jpeg_progressive.jpg");
  expect_refused_unallocated(test::with_jpeg_size(progressive, 65'000, 65'000), "65000 x 65000");

  // A lossless WebP header: signature, 14 bits of width - 1, 14 bits of height - 1.
  const Bytes webp =
      test::bytes_of("RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2F\xFF\xFF\xFF\x0F\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv);
  expect_refused_unallocated(webp, "16384 x 16384");
}

TEST(HostileImageTest, SidesAreBoundedApartFromPixels) {
  Preprocess steps;
  steps.max_pixels = std::uint64_t{1} << 62;
  const Bytes png = test::png_file(0x7FFF'FFFF, 1, 8, 0, "");
  EXPECT_TRUE(test::throws_error([&] { return load_image(png, steps); }, ErrorCode::resource_exhausted,
                                 "2147483647 x 1", "1000000"));
}

TEST(HostileImageTest, TheLimitIsTheCallers) {
  Preprocess steps;
  const Bytes file = test::reference_file("images/jpeg_420.jpg");  // 37 x 53
  steps.max_pixels = 37 * 53;
  EXPECT_NO_THROW((void)load_image(file, steps));
  steps.max_pixels = 37 * 53 - 1;
  EXPECT_TRUE(test::throws_error([&] { return load_image(file, steps); }, ErrorCode::resource_exhausted,
                                 "37 x 53", "1960"));
}

TEST(HostileImageTest, WhatIsNoImageIsSaidSo) {
  for (const std::string_view text : {""sv, "x"sv, "GIF89a......"sv, "RIFF"sv, "\x89PNG"sv}) {
    EXPECT_TRUE(test::throws_error([&] { return load_image(test::bytes_of(text), Preprocess::raw()); },
                                   ErrorCode::invalid_argument, "JPEG, PNG or WebP",
                                   std::to_string(text.size())));
  }
  EXPECT_TRUE(test::throws_error([&] { return load_image(test::bytes_of("GIF89a"), Preprocess::raw()); },
                                 ErrorCode::invalid_argument, "47 49 46 38 39 61"));
}

/// Every image of the reference but the larger ones.
std::set<std::string> small_images() {
  std::set<std::string> names;
  for (const auto& reference : test::reference_cases()) {
    if (reference.image.find("photo_") == std::string::npos) names.insert(reference.image);
  }
  return names;
}

/// Where the pixels of a PNG file end: its IEND chunk.
std::size_t end_of_pixels(const Bytes& file) { return file.size() - 12; }

TEST(HostileImageTest, EveryCutIsFound) {
  testing::internal::CaptureStderr();
  std::size_t cuts = 0;
  for (const std::string& name : small_images()) {
    SCOPED_TRACE(name);
    const Bytes file = test::reference_file(name);
    const bool is_png = sniff_image(file) == ImageFormat::png;
    const std::size_t end = is_png ? end_of_pixels(file) : file.size();
    // The ends are where decoders forgive; the middle in steps.
    for (std::size_t length = 12; length < end; length += end - length < 40 || length < 200 ? 1 : 97) {
      const auto cut = std::span(file).first(length);
      try {
        (void)load_image(cut, Preprocess::raw());
        ADD_FAILURE() << "decoded from its first " << length << " of " << file.size() << " bytes";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::data_loss) << length << ": " << error.what();
      }
      ++cuts;
    }
  }
  EXPECT_GT(cuts, 5000U);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(HostileImageTest, EveryDamageIsDecodedOrRefused) {
  testing::internal::CaptureStderr();
  std::size_t refused = 0;
  std::size_t decoded = 0;
  Preprocess steps;
  steps.max_pixels = 1'000'000;
  for (const std::string& name : small_images()) {
    SCOPED_TRACE(name);
    const Bytes file = test::reference_file(name);
    for (std::size_t position = 0; position < file.size(); position += position < 100 ? 1 : 53) {
      Bytes damaged = file;
      damaged[position] ^= std::byte{0x81};
      try {
        (void)load_image(damaged, steps);
        ++decoded;
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::data_loss || error.code() == ErrorCode::invalid_argument ||
                    error.code() == ErrorCode::resource_exhausted)
            << position << ": " << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(decoded, 100U);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(HostileImageTest, DamagedPixelsOfAPngAreRefused) {
  Bytes file = test::reference_file("images/png_rgb8.png");
  file[end_of_pixels(file) - 30] ^= std::byte{1};
  EXPECT_TRUE(test::throws_error([&] { return load_image(file, Preprocess::raw()); }, ErrorCode::data_loss,
                                 "PNG image: "));
}

/// A progressive file with its first scan many times over.
Bytes with_scans(std::size_t count) {
  const Bytes file = test::reference_file("images/jpeg_progressive.jpg");
  const std::size_t begin = test::jpeg_segment(file, 0xDA);
  std::size_t end = begin + 2;
  // The next marker that is no stuffed byte and no restart.
  while (file.at(end) != std::byte{0xFF} || file.at(end + 1) == std::byte{0}) ++end;
  const auto at = [&file](std::size_t position) {
    return file.begin() + static_cast<std::ptrdiff_t>(position);
  };
  Bytes result(file.begin(), at(begin));
  for (std::size_t i = 0; i < count; ++i) result.insert(result.end(), at(begin), at(end));
  result.insert(result.end(), at(end), file.end());
  return result;
}

TEST(HostileImageTest, ScansOfAProgressiveFileAreBounded) {
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW((void)load_image(with_scans(5), Preprocess::raw()));
  EXPECT_TRUE(test::throws_error([] { return load_image(with_scans(500), Preprocess::raw()); },
                                 ErrorCode::data_loss, "100 scans"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(HostileImageTest, UnsupportedKindsAreNamed) {
  Bytes twelve_bits = test::reference_file("images/jpeg_420.jpg");
  twelve_bits.at(test::jpeg_segment(twelve_bits, 0xC0) + 4) = std::byte{12};
  EXPECT_TRUE(test::throws_error([&] { return load_image(twelve_bits, Preprocess::raw()); },
                                 ErrorCode::invalid_argument, "JPEG image: ", "12"));

  Bytes lossless = test::reference_file("images/jpeg_420.jpg");
  lossless.at(test::jpeg_segment(lossless, 0xC0) + 1) = std::byte{0xC3};
  EXPECT_TRUE(test::throws_error([&] { return load_image(lossless, Preprocess::raw()); },
                                 ErrorCode::invalid_argument, "JPEG image: "));

  // VP8X with the animation flag, on a canvas of 8 x 8.
  const Bytes animation = test::bytes_of("RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\x07\0\0\x07\0\0"sv);
  EXPECT_TRUE(test::throws_error([&] { return load_image(animation, Preprocess::raw()); },
                                 ErrorCode::invalid_argument, "animation"));
}

TEST(HostileImageTest, DamagedExifDoesNotSpoilTheImage) {
  Bytes file = test::reference_file("images/exif_6.jpg");
  const Tensor upright = load_image(file, Preprocess::raw());
  ASSERT_NE(upright.shape()[2], upright.shape()[3]);
  const std::size_t exif = test::jpeg_segment(file, 0xE1);
  file.at(exif + 10) = std::byte{'?'};  // the byte order
  const Tensor stored = load_image(file, Preprocess::raw());
  EXPECT_EQ(stored.shape()[2], upright.shape()[3]);
  EXPECT_EQ(stored.shape()[3], upright.shape()[2]);
}

}  // namespace
}  // namespace onda
