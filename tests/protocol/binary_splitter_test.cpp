#include "protocol/binary_splitter.h"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>

#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(BinarySplitterTest, DealsTheBytesInOrder) {
  const std::string_view body = "aabbbc";
  BinarySplitter splitter(bytes_of(body), "m");
  EXPECT_EQ(static_cast<const void*>(splitter.take(2, "A").data()), body.data());
  EXPECT_EQ(splitter.take(0, "nothing").size(), 0U);
  EXPECT_EQ(static_cast<const void*>(splitter.take(3, "B").data()), body.data() + 2);
  EXPECT_EQ(splitter.take(1, "C").size(), 1U);
  splitter.finish();
}

TEST(BinarySplitterTest, SaysHowManyBytesAreMissing) {
  BinarySplitter splitter(bytes_of("abc"), "m");
  EXPECT_TRUE(
      test::throws_error([&] { return splitter.take(5, "A"); }, ErrorCode::invalid_argument,
                         "unexpected size for input 'A', expecting 2 additional bytes for model 'm'"));
  EXPECT_TRUE(
      test::throws_error([&] { return splitter.take(std::numeric_limits<std::uint64_t>::max(), "A"); },
                         ErrorCode::invalid_argument, "unexpected size for input 'A'"));
}

TEST(BinarySplitterTest, RefusesBytesThatAreNobodys) {
  BinarySplitter splitter(bytes_of("abc"), "m");
  (void)splitter.take(2, "A");
  EXPECT_TRUE(test::throws_error([&] { splitter.finish(); }, ErrorCode::invalid_argument,
                                 "unexpected additional input data for model 'm'"));
}

}  // namespace
}  // namespace onda::protocol
