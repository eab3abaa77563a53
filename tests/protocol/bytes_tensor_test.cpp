#include "protocol/bytes_tensor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

constexpr RawTensorOf kOf{.input = "x", .model = "m"};

std::vector<std::string> split(std::string_view raw, std::size_t count) {
  DecodedStorage storage;
  const auto strings = split_bytes_tensor(std::as_bytes(std::span(raw)), count, kOf, storage);
  return {strings.begin(), strings.end()};
}

std::string joined(const std::vector<std::string>& strings) {
  std::string raw(bytes_tensor_size(strings), '?');
  join_bytes_tensor(strings, std::as_writable_bytes(std::span(raw)));
  return raw;
}

TEST(BytesTensorTest, HasALengthBeforeEachElement) {
  EXPECT_EQ(joined({"ab", "", std::string("\0z", 2)}), std::string("\x02\0\0\0ab\0\0\0\0\x02\0\0\0\0z", 16));
  EXPECT_EQ(joined({}), "");
}

TEST(BytesTensorTest, ComesBack) {
  const std::vector<std::string> strings = {"", "a", std::string(70'000, 'x'), std::string("\0\xFF\n", 3),
                                            ""};
  EXPECT_EQ(split(joined(strings), strings.size()), strings);
  EXPECT_EQ(split("", 0), std::vector<std::string>());
}

TEST(BytesTensorTest, RefusesAnyOtherCount) {
  const std::string two = joined({"ab", "c"});
  for (const std::size_t count : {0U, 1U, 3U}) {
    EXPECT_TRUE(
        test::throws_error([&] { return split(two, count); }, ErrorCode::invalid_argument,
                           "unexpected number of string elements",
                           "expected " + std::to_string(count) + " string elements for inference input 'x'"));
  }
}

TEST(BytesTensorTest, RefusesWhatIsCutShort) {
  const std::string whole = joined({"ab", "cde"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(test::throws_error([&] { return split(std::string_view(whole).substr(0, size), 2); },
                                   ErrorCode::invalid_argument, "'x'"))
        << size;
  }
}

TEST(BytesTensorTest, RefusesALengthThatLies) {
  std::string raw = joined({"ab", "cdefgh"});
  raw[6] = '\x07';
  EXPECT_TRUE(test::throws_error([&] { return split(raw, 2); }, ErrorCode::invalid_argument,
                                 "expecting string of length 7 but only 6 bytes available"));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return split(
            "\xFF\xFF\xFF\xFF"
            "abcd",
            1);
      },
      ErrorCode::invalid_argument, "4294967295"));
}

TEST(BytesTensorTest, AllocatesNothingForACountThatTheBytesCannotHold) {
  EXPECT_TRUE(test::throws_error([&] { return split("\0\0\0\0", std::size_t{1} << 60U); },
                                 ErrorCode::invalid_argument, "string elements"));
}

}  // namespace
}  // namespace onda::protocol
