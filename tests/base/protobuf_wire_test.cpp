#include "base/protobuf_wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "support/error_matchers.h"

namespace onda::base {
namespace {

using Type = WireField::Type;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void refuses(const std::string& message, std::string_view why) {
  EXPECT_TRUE(test::throws_error(
      [&] {
        WireReader reader(bytes_of(message));
        while (reader.next()) {
        }
      },
      ErrorCode::data_loss, why));
}

// Field 1 as a group, so many times within itself.
std::string nested_groups(std::size_t depth) {
  return std::string(depth, '\x0b') + std::string(depth, '\x0c');
}

TEST(WireReader, ReadsEveryType) {
  using namespace std::string_literals;
  const std::string message =
      "\x08\x96\x01\x12\x03"s + "abc" + "\x1d\x01\x02\x03\x04\x21\x01\0\0\0\0\0\0\x80"s;
  WireReader reader(bytes_of(message));
  auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 1U);
  EXPECT_EQ(field->type, Type::varint);
  EXPECT_EQ(field->value, 150U);
  field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 2U);
  EXPECT_EQ(field->type, Type::bytes);
  EXPECT_EQ(field->text(), "abc");
  field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->type, Type::fixed32);
  EXPECT_EQ(field->value, 0x04030201U);
  field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 4U);
  EXPECT_EQ(field->type, Type::fixed64);
  EXPECT_EQ(field->value, 0x8000'0000'0000'0001U);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.next());
}

TEST(WireReader, ReadsNothingFromNothing) { EXPECT_FALSE(WireReader({}).next()); }

TEST(WireReader, ReadsTheGreatestNumbers) {
  const std::string message = "\xf8\xff\xff\xff\x0f" + std::string(9, '\xff') + "\x01";
  WireReader reader(bytes_of(message));
  const auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, (1U << 29U) - 1);
  EXPECT_EQ(field->value, std::numeric_limits<std::uint64_t>::max());
}

TEST(WireReader, SkipsGroups) {
  // Group 1 { 2: varint 5, group 3 { 4: "ab" } } 5: varint 7
  WireReader reader(
      bytes_of("\x0b\x10\x05\x1b\x22\x02"
               "ab\x1c\x0c\x28\x07"));
  const auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 5U);
  EXPECT_EQ(field->value, 7U);
  EXPECT_FALSE(reader.next());
}

TEST(WireReader, BoundsTheDepthOfGroups) {
  EXPECT_FALSE(WireReader(bytes_of(nested_groups(64))).next());
  refuses(nested_groups(65), "groups nested deeper than 64");
  refuses(nested_groups(1'000'000), "groups nested deeper than 64");
}

TEST(WireReader, RefusesWhatIsNoMessage) {
  using namespace std::string_literals;
  refuses("\x12\x04"s + "abc", "a field of 4 bytes where 3 are left");
  refuses("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a field of 18446744073709551615 bytes");
  refuses("\x08\xff", "it ends within a number");
  refuses("\x08", "it ends within a number");
  refuses("\x08"s + std::string(10, '\xff') + "\x01", "more than ten bytes");
  refuses("\0\x01"s, "field number 0");
  refuses("\x80\x80\x80\x80\x10\x01", "field number 536870912");
  refuses("\x0e\x01", "wire type 6");
  refuses("\x0f\x01", "wire type 7");
  refuses("\x1d\x01\x02\x03", "a field of 4 bytes where 3 are left");
  refuses("\x0b\x14", "the end of a group that was not begun");
  refuses("\x0c", "the end of a group that was not begun");
  refuses("\x0b", "it ends within a number");
}

}  // namespace
}  // namespace onda::base
