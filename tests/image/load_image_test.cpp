#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "image/reference_cases.h"
#include "onda/preprocess.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"

namespace onda {
namespace {

TEST(LoadImageTest, FailsCleanlyWhereverMemoryRunsOut) {
  const auto file = test::reference_file("images/exif_6.jpg");
  Preprocess steps = Preprocess::imagenet();
  steps.resize_shortest = 20;
  steps.crop = {{16, 16}};
  // Decoded, turned, resized along rows and columns, output.
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              (void)load_image(file, steps, allocator);
            }),
            5);
}

TEST(LoadImageTest, TakesNoMoreBuffersThanItsStepsNeed) {
  const auto allocator = std::make_shared<test::FailingAllocator>();
  const Tensor output = load_image(test::reference_file("images/png_rgb8.png"), Preprocess::raw(), allocator);
  EXPECT_EQ(allocator->calls(), 2U);
  EXPECT_EQ(allocator->live_blocks(), 1);
}

TEST(LoadImageTest, RefusesStepsBeforeItDecodes) {
  Preprocess steps;
  steps.crop = {{0, 0}};
  EXPECT_TRUE(test::throws_error([&] { return load_image({}, steps); }, ErrorCode::invalid_argument, "crop"));
}

TEST(LoadImageTest, GreyAndColourOfAGreyImageAgree) {
  const auto file = test::reference_file("images/jpeg_grey.jpg");
  Preprocess steps;
  steps.dtype = DType::uint8;
  const Tensor color = load_image(file, steps);
  steps.color = ColorOrder::grey;
  const Tensor grey = load_image(file, steps);
  const auto plane = grey.as<std::uint8_t>();
  const auto planes = color.as<std::uint8_t>();
  ASSERT_EQ(planes.size(), 3 * plane.size());
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_TRUE(std::equal(plane.begin(), plane.end(),
                           planes.begin() + static_cast<std::ptrdiff_t>(c * plane.size())));
  }
}

TEST(LoadImageThreads, DecodeTheSameAtOnce) {
  std::vector<std::vector<std::byte>> files;
  for (const char* name :
       {"images/jpeg_progressive.jpg", "images/png_palette8_interlaced.png", "images/webp_lossy_alpha.webp",
        "images/jpeg_cmyk_adobe.jpg", "images/exif_8.webp"}) {
    files.push_back(test::reference_file(name));
  }
  files.push_back(std::vector<std::byte>(files[0].begin(), files[0].begin() + 500));  // cut short
  const auto digest = [&files](std::size_t i) -> std::vector<std::byte> {
    try {
      const Tensor tensor = load_image(files[i], Preprocess::imagenet());
      return {tensor.bytes().begin(), tensor.bytes().end()};
    } catch (const Error&) {
      return {};
    }
  };
  std::vector<std::vector<std::byte>> expected;
  for (std::size_t i = 0; i < files.size(); ++i) expected.push_back(digest(i));
  EXPECT_TRUE(expected.back().empty());
  EXPECT_FALSE(expected.front().empty());

  std::vector<int> differences(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < differences.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 4 * files.size(); ++i) {
          const std::size_t file = (i + t) % files.size();
          differences[t] += digest(file) == expected[file] ? 0 : 1;
        }
      });
    }
  }
  EXPECT_EQ(differences, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace onda
