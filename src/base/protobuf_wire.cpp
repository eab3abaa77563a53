#include "base/protobuf_wire.h"

#include <array>
#include <string>

#include "onda/error.h"

namespace onda::base {
namespace {

constexpr std::size_t kMaxGroupDepth = 64;
constexpr unsigned kStartGroup = 3;
constexpr unsigned kEndGroup = 4;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::data_loss, "not a valid protocol-buffers message: " + what);
}

std::uint64_t take_varint(std::span<const std::byte>& rest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == rest.size()) refuse("it ends within a number");
    const auto byte = std::to_integer<std::uint64_t>(rest[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest = rest.subspan(i + 1);
      return value;
    }
  }
  refuse("a number has more than ten bytes");
}

std::span<const std::byte> take_bytes(std::span<const std::byte>& rest, std::uint64_t count) {
  if (count > rest.size()) {
    refuse("a field of " + std::to_string(count) + " bytes where " + std::to_string(rest.size()) +
           " are left");
  }
  const auto taken = rest.first(static_cast<std::size_t>(count));
  rest = rest.subspan(taken.size());
  return taken;
}

/// Little-endian on every machine.
std::uint64_t take_fixed(std::span<const std::byte>& rest, std::size_t count) {
  std::uint64_t value = 0;
  const auto bytes = take_bytes(rest, count);
  for (std::size_t i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

struct Tag {
  std::uint32_t number;
  unsigned type;
};

Tag take_tag(std::span<const std::byte>& rest) {
  const std::uint64_t tag = take_varint(rest);
  if (tag > 0xffff'ffff || tag >> 3 == 0) refuse("field number " + std::to_string(tag >> 3));
  return {static_cast<std::uint32_t>(tag >> 3), static_cast<unsigned>(tag & 7)};
}

/// Empty where a group begins or ends.
std::optional<WireField> take_value(std::span<const std::byte>& rest, Tag tag) {
  WireField field;
  field.number = tag.number;
  switch (tag.type) {
    case static_cast<unsigned>(WireField::Type::varint):
      field.value = take_varint(rest);
      return field;
    case static_cast<unsigned>(WireField::Type::fixed64):
      field.type = WireField::Type::fixed64;
      field.value = take_fixed(rest, 8);
      return field;
    case static_cast<unsigned>(WireField::Type::bytes):
      field.type = WireField::Type::bytes;
      field.bytes = take_bytes(rest, take_varint(rest));
      return field;
    case static_cast<unsigned>(WireField::Type::fixed32):
      field.type = WireField::Type::fixed32;
      field.value = take_fixed(rest, 4);
      return field;
    case kStartGroup:
    case kEndGroup:
      return std::nullopt;
    default:
      refuse("wire type " + std::to_string(tag.type));
  }
}

/// `rest` stands behind the tag that opened group `number`, and afterwards behind the one that closes it.
void skip_group(std::span<const std::byte>& rest, std::uint32_t number) {
  std::array<std::uint32_t, kMaxGroupDepth> open{number};
  std::size_t depth = 1;
  while (depth > 0) {
    const Tag tag = take_tag(rest);
    if (take_value(rest, tag)) continue;
    if (tag.type == kStartGroup) {
      if (depth == kMaxGroupDepth) refuse("groups nested deeper than " + std::to_string(kMaxGroupDepth));
      open[depth++] = tag.number;
    } else if (open[--depth] != tag.number) {
      refuse("the end of a group that was not begun");
    }
  }
}

}  // namespace

std::optional<WireField> WireReader::next() {
  while (!rest_.empty()) {
    const Tag tag = take_tag(rest_);
    if (auto field = take_value(rest_, tag)) return field;
    if (tag.type == kEndGroup) refuse("the end of a group that was not begun");
    skip_group(rest_, tag.number);
  }
  return std::nullopt;
}

}  // namespace onda::base
