#include "base/wire_stream.h"

#include <algorithm>

#include "base/wire_decoding.h"

namespace onda::base {
namespace {

/// A few nodes, and no more than four pages behind each weight that is passed over.
constexpr std::size_t kPieceBytes = 16 * 1024;

}  // namespace

std::span<const std::byte> MemorySource::piece(std::uint64_t offset) {
  return offset < bytes_.size() ? bytes_.subspan(static_cast<std::size_t>(offset))
                                : std::span<const std::byte>();
}

FileSource::FileSource(const RandomAccessFile& file) : file_(file), buffer_(kPieceBytes) {}

std::span<const std::byte> FileSource::piece(std::uint64_t offset) {
  return std::span(buffer_).first(file_.read_at(offset, buffer_));
}

/// The part of the source that one message takes.
class WireStream::Input {
 public:
  Input(WireStream& stream, std::uint64_t end) noexcept : stream_(stream), end_(end) {}
  [[nodiscard]] std::uint64_t left() const noexcept { return end_ - stream_.position_; }
  [[nodiscard]] std::uint64_t position() const noexcept { return stream_.position_; }
  std::uint8_t byte() { return stream_.byte_at(stream_.position_++); }
  void skip(std::uint64_t count) noexcept { stream_.position_ += count; }

 private:
  WireStream& stream_;
  std::uint64_t end_;
};

StreamedField WireStream::all() const noexcept {
  return {.number = 0, .type = WireField::Type::bytes, .value = 0, .begin = 0, .size = source_.size()};
}

std::uint8_t WireStream::byte_at(std::uint64_t position) {
  if (position < piece_begin_ || position - piece_begin_ >= piece_.size()) {
    piece_ = source_.piece(position);
    piece_begin_ = position;
    if (piece_.empty()) wire::refuse("the file became shorter while it was read");
  }
  return std::to_integer<std::uint8_t>(piece_[static_cast<std::size_t>(position - piece_begin_)]);
}

std::optional<StreamedField> WireStream::next(const StreamedField& message) {
  Input input(*this, message.begin + message.size);
  const auto found = wire::next_field(input);
  if (!found) return std::nullopt;
  return StreamedField{.number = found->number,
                       .type = found->type,
                       .value = found->value,
                       .begin = found->begin,
                       .size = found->size};
}

std::optional<std::uint64_t> WireStream::next_varint(const StreamedField& numbers) {
  Input input(*this, numbers.begin + numbers.size);
  if (input.left() == 0) return std::nullopt;
  return wire::take_varint(input);
}

void WireStream::read(const StreamedField& field, std::string& to) {
  to.clear();
  to.reserve(static_cast<std::size_t>(field.size));
  const std::uint64_t end = field.begin + field.size;
  for (std::uint64_t at = field.begin; at < end;) {
    (void)byte_at(at);
    const auto from = piece_.subspan(static_cast<std::size_t>(at - piece_begin_));
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), end - at));
    to.append(reinterpret_cast<const char*>(from.data()), count);
    at += count;
  }
  position_ = end;
}

}  // namespace onda::base
