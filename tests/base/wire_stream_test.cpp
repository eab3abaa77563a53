#include "base/wire_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/error_matchers.h"
#include "support/temp_directory.h"
#include "support/wire_writer.h"

namespace onda::base {
namespace {

using test::throws_error;
using test::WireWriter;

/// Gives so few bytes at a time that every field crosses pieces, and counts what is asked for.
class StingySource final : public ByteSource {
 public:
  StingySource(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> piece(std::uint64_t offset) override {
    if (offset >= bytes_.size() - lost_) return {};
    const auto rest = std::as_bytes(std::span(bytes_)).subspan(static_cast<std::size_t>(offset));
    given_ += std::min(piece_, rest.size());
    return rest.first(std::min(piece_, rest.size()));
  }
  [[nodiscard]] std::size_t given() const { return given_; }
  void lose(std::size_t count) { lost_ = count; }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t given_ = 0;
  std::size_t lost_ = 0;
};

std::string read_text(WireStream& stream, const StreamedField& field) {
  std::string text;
  stream.read(field, text);
  return text;
}

TEST(WireStream, ReadsFieldsAcrossPieces) {
  const std::string long_text(1000, 'x');
  const std::string message = WireWriter()
                                  .number(1, 1U << 20U)
                                  .message(2, WireWriter().bytes(3, long_text).number(4, 7))
                                  .number(5, 9)
                                  .text();
  for (const std::size_t piece : {1U, 2U, 7U, 4096U}) {
    StingySource source(message, piece);
    WireStream stream(source);
    const StreamedField all = stream.all();
    auto field = stream.next(all);
    ASSERT_TRUE(field);
    EXPECT_EQ(field->value, 1U << 20U);
    const auto inner = stream.next(all);
    ASSERT_TRUE(inner);
    stream.enter(*inner);
    field = stream.next(*inner);
    ASSERT_TRUE(field);
    EXPECT_EQ(read_text(stream, *field), long_text);
    field = stream.next(*inner);
    ASSERT_TRUE(field);
    EXPECT_EQ(field->value, 7U);
    EXPECT_FALSE(stream.next(*inner));
    field = stream.next(all);
    ASSERT_TRUE(field);
    EXPECT_EQ(field->number, 5U);
    EXPECT_FALSE(stream.next(all));
  }
}

TEST(WireStream, ReadsNothingOfWhatIsPassedOver) {
  StingySource source(WireWriter().bytes(1, std::string(1'000'000, 'w')).number(2, 3).text(), 16);
  WireStream stream(source);
  const StreamedField all = stream.all();
  ASSERT_TRUE(stream.next(all));
  const auto last = stream.next(all);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->value, 3U);
  EXPECT_LE(source.given(), 32U);
}

TEST(WireStream, ReadsOutOfOrderAndGoesOn) {
  StingySource source(
      WireWriter().message(1, WireWriter().bytes(2, "name").bytes(3, "data")).number(4, 5).text(), 3);
  WireStream stream(source);
  const StreamedField all = stream.all();
  const auto inner = stream.next(all);
  ASSERT_TRUE(inner);
  stream.enter(*inner);
  const auto name = stream.next(*inner);
  ASSERT_TRUE(name);
  while (stream.next(*inner)) {
  }
  EXPECT_EQ(read_text(stream, *name), "name");
  stream.leave(*inner);
  const auto last = stream.next(all);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->number, 4U);
}

TEST(WireStream, ReadsPackedNumbers) {
  StingySource source(WireWriter().message(1, WireWriter().varint(3).varint(300).varint(0)).text(), 1);
  WireStream stream(source);
  const auto field = stream.next(stream.all());
  ASSERT_TRUE(field);
  stream.enter(*field);
  EXPECT_EQ(stream.next_varint(*field), 3U);
  EXPECT_EQ(stream.next_varint(*field), 300U);
  EXPECT_EQ(stream.next_varint(*field), 0U);
  EXPECT_EQ(stream.next_varint(*field), std::nullopt);
}

TEST(WireStream, KeepsWithinTheMessage) {
  // The inner field claims bytes of the outer message.
  const std::string message =
      WireWriter().message(1, WireWriter().header(2, 10)).bytes(3, "0123456789").text();
  StingySource source(message, 4);
  WireStream stream(source);
  const auto inner = stream.next(stream.all());
  ASSERT_TRUE(inner);
  stream.enter(*inner);
  EXPECT_TRUE(throws_error([&] { (void)stream.next(*inner); }, ErrorCode::data_loss,
                           "a field of 10 bytes where 0 are left"));
}

TEST(WireStream, NoticesThatTheFileBecameShorter) {
  StingySource source(WireWriter().number(1, 2).number(3, 4).text(), 1);
  WireStream stream(source);
  ASSERT_TRUE(stream.next(stream.all()));
  source.lose(2);
  EXPECT_TRUE(throws_error([&] { (void)stream.next(stream.all()); }, ErrorCode::data_loss, "became shorter"));
}

TEST(FileSource, IsTheFile) {
  const test::TempDirectory directory;
  const std::string text = WireWriter().bytes(1, std::string(100'000, 'a')).bytes(2, "tail").text();
  const RandomAccessFile file(directory.write("message", text));
  FileSource source(file);
  WireStream stream(source);
  const StreamedField all = stream.all();
  const auto first = stream.next(all);
  ASSERT_TRUE(first);
  EXPECT_EQ(read_text(stream, *first), std::string(100'000, 'a'));
  const auto second = stream.next(all);
  ASSERT_TRUE(second);
  EXPECT_EQ(read_text(stream, *second), "tail");
  EXPECT_TRUE(source.piece(text.size()).empty());
}

}  // namespace
}  // namespace onda::base
