#include "protocol/grpc_wire.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/error_matchers.h"

namespace onda::protocol {
namespace {

using std::string_literals::operator""s;
using Type = SlicedField::Type;

/// The text in slices of `size` bytes, with an empty one before each.
class Sliced {
 public:
  Sliced(std::string text, std::size_t size) : text_(std::move(text)) {
    const auto bytes = std::as_bytes(std::span(text_));
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      slices_.emplace_back();
      slices_.push_back(bytes.subspan(at, std::min(size, bytes.size() - at)));
    }
  }
  [[nodiscard]] Slices slices() const { return slices_; }

 private:
  std::string text_;
  std::vector<std::span<const std::byte>> slices_;
};

std::string text_of(Slices slices, const WireExtent& extent) {
  DecodedStorage storage;
  return std::string(contiguous_text(slices, extent, storage));
}

auto reading(const std::string& message) {
  return [message] {
    const Sliced sliced(message, 3);
    SlicedReader reader(sliced.slices());
    while (reader.next()) {
    }
    return 0;
  };
}

testing::AssertionResult is_refused(const std::string& message) {
  return test::throws_error(reading(message), ErrorCode::invalid_argument,
                            "not a valid protocol-buffers message");
}

TEST(SlicedReader, ReadsTheSameHoweverTheMessageIsSliced) {
  const std::string message =
      "\x0a\x05hello"
      "\x10\xac\x02"
      "\x19\x01\x02\x03\x04\x05\x06\x07\x08"
      "\x25\x01\x02\x03\x04"
      "\x0a\x00"s;
  for (std::size_t size = 1; size <= message.size(); ++size) {
    const Sliced sliced(message, size);
    SlicedReader reader(sliced.slices());
    const auto text = reader.next();
    ASSERT_TRUE(text && text->type == Type::bytes && text->number == 1) << size;
    EXPECT_EQ(text_of(sliced.slices(), text->bytes), "hello") << size;
    const auto number = reader.next();
    ASSERT_TRUE(number && number->type == Type::varint && number->number == 2) << size;
    EXPECT_EQ(number->value, 300U) << size;
    const auto wide = reader.next();
    ASSERT_TRUE(wide && wide->type == Type::fixed64) << size;
    EXPECT_EQ(wide->value, 0x0807060504030201U) << size;
    const auto narrow = reader.next();
    ASSERT_TRUE(narrow && narrow->type == Type::fixed32) << size;
    EXPECT_EQ(narrow->value, 0x04030201U) << size;
    const auto empty = reader.next();
    ASSERT_TRUE(empty) << size;
    EXPECT_EQ(empty->bytes.size, 0U) << size;
    EXPECT_FALSE(reader.next()) << size;
  }
}

TEST(SlicedReader, ABytesFieldInOneSliceIsNotCopied) {
  const Sliced sliced("\x0a\x05hello", 100);
  SlicedReader reader(sliced.slices());
  const auto field = reader.next();
  ASSERT_TRUE(field);
  DecodedStorage storage;
  EXPECT_EQ(contiguous(sliced.slices(), field->bytes, storage).data(), sliced.slices()[1].data() + 2);
}

TEST(SlicedReader, AnEmptyMessageHasNoField) {
  EXPECT_FALSE(SlicedReader(Slices()).next());
  const std::vector<std::span<const std::byte>> empty(2);
  EXPECT_FALSE(SlicedReader(empty).next());
}

TEST(SlicedReader, RefusesALengthPastTheEnd) {
  EXPECT_TRUE(is_refused("\x0a\x06hello"));
  EXPECT_TRUE(is_refused("\x0a\xff\xff\xff\xff\x07hello"));
  EXPECT_TRUE(is_refused("\x0a\xff\xff\xff\xff\x08hello"));
  EXPECT_TRUE(is_refused("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hello"));
}

TEST(SlicedReader, RefusesWhatEndsWithinAField) {
  EXPECT_TRUE(is_refused("\x0a"));
  EXPECT_TRUE(is_refused("\x10\x80"));
  EXPECT_TRUE(is_refused("\x19\x01\x02"));
  EXPECT_TRUE(is_refused("\x25\x01"));
}

TEST(SlicedReader, RefusesNumbersThatAreTooLong) {
  EXPECT_TRUE(is_refused("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_TRUE(is_refused("\x90\x80\x80\x80\x80\x00\x01"s));
  EXPECT_FALSE(is_refused("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

TEST(SlicedReader, RefusesFieldZeroAndUnknownWireTypes) {
  EXPECT_TRUE(is_refused("\x00\x01"s));
  EXPECT_TRUE(is_refused("\x0e\x01"));
  EXPECT_TRUE(is_refused("\x0f\x01"));
}

TEST(SlicedReader, PassesOverGroupsDownToABound) {
  const Sliced sliced("\x0b\x10\x01\x13\x14\x0c\x10\x07", 2);
  SlicedReader reader(sliced.slices());
  const auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->value, 7U);
  EXPECT_TRUE(is_refused("\x0c"));
  EXPECT_TRUE(is_refused("\x0b\x14"));
  EXPECT_TRUE(is_refused("\x0b"));
  EXPECT_TRUE(is_refused(std::string(1000000, '\x0b')));
}

TEST(SlicedReader, AStringThatIsNoUtf8IsRefused) {
  const Sliced sliced("\x0a\x02\xff\xfe", 1);
  SlicedReader reader(sliced.slices());
  const auto field = reader.next();
  ASSERT_TRUE(field);
  DecodedStorage storage;
  EXPECT_TRUE(
      test::throws_error([&] { return contiguous_text(sliced.slices(), field->bytes, storage).size(); },
                         ErrorCode::invalid_argument, "UTF-8"));
}

}  // namespace
}  // namespace onda::protocol
