#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/protobuf_wire.h"

/// How messages of protocol buffers are written, apart from where their bytes come from. For those who read
/// them.
///
/// An `Input` is a place in one message: `left()` bytes of it follow, `byte()` takes one (only while some are
/// left), `skip(count)` passes over as many (at most what is left), `position()` says where it is.
namespace onda::base::wire {

constexpr std::size_t kMaxGroupDepth = 64;
constexpr unsigned kStartGroup = 3;
constexpr unsigned kEndGroup = 4;

/// Throws data_loss.
[[noreturn]] void refuse(const std::string& what);

struct Tag {
  std::uint32_t number;
  unsigned type;
};

struct Field {
  std::uint32_t number = 0;
  WireField::Type type = WireField::Type::varint;
  std::uint64_t value = 0;  ///< of varint, fixed64, fixed32
  std::uint64_t begin = 0;  ///< of bytes: their position
  std::uint64_t size = 0;   ///< of bytes
};

template <class Input>
std::uint64_t take_varint(Input& input) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (input.left() == 0) refuse("it ends within a number");
    const std::uint64_t byte = input.byte();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  refuse("a number has more than ten bytes");
}

template <class Input>
void require(const Input& input, std::uint64_t count) {
  if (count > input.left()) {
    refuse("a field of " + std::to_string(count) + " bytes where " + std::to_string(input.left()) +
           " are left");
  }
}

/// Little-endian on every machine.
template <class Input>
std::uint64_t take_fixed(Input& input, unsigned count) {
  require(input, count);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) value |= static_cast<std::uint64_t>(input.byte()) << (8 * i);
  return value;
}

template <class Input>
Tag take_tag(Input& input) {
  const std::uint64_t tag = take_varint(input);
  if (tag > 0xffff'ffff || tag >> 3 == 0) refuse("field number " + std::to_string(tag >> 3));
  return {static_cast<std::uint32_t>(tag >> 3), static_cast<unsigned>(tag & 7)};
}

/// Empty where a group begins or ends. Bytes are passed over, not read.
template <class Input>
std::optional<Field> take_value(Input& input, Tag tag) {
  Field field;
  field.number = tag.number;
  switch (tag.type) {
    case static_cast<unsigned>(WireField::Type::varint):
      field.value = take_varint(input);
      return field;
    case static_cast<unsigned>(WireField::Type::fixed64):
      field.type = WireField::Type::fixed64;
      field.value = take_fixed(input, 8);
      return field;
    case static_cast<unsigned>(WireField::Type::bytes):
      field.type = WireField::Type::bytes;
      field.size = take_varint(input);
      require(input, field.size);
      field.begin = input.position();
      input.skip(field.size);
      return field;
    case static_cast<unsigned>(WireField::Type::fixed32):
      field.type = WireField::Type::fixed32;
      field.value = take_fixed(input, 4);
      return field;
    case kStartGroup:
    case kEndGroup:
      return std::nullopt;
    default:
      refuse("wire type " + std::to_string(tag.type));
  }
}

/// `input` stands behind the tag that opened group `number`, and afterwards behind the one that closes it.
template <class Input>
void skip_group(Input& input, std::uint32_t number) {
  std::array<std::uint32_t, kMaxGroupDepth> open{number};
  std::size_t depth = 1;
  while (depth > 0) {
    const Tag tag = take_tag(input);
    if (take_value(input, tag)) continue;
    if (tag.type == kStartGroup) {
      if (depth == kMaxGroupDepth) refuse("groups nested deeper than " + std::to_string(kMaxGroupDepth));
      open[depth++] = tag.number;
    } else if (open[--depth] != tag.number) {
      refuse("the end of a group that was not begun");
    }
  }
}

/// The next field that is no group; empty at the end of the message.
template <class Input>
std::optional<Field> next_field(Input& input) {
  while (input.left() > 0) {
    const Tag tag = take_tag(input);
    if (auto field = take_value(input, tag)) return field;
    if (tag.type == kEndGroup) refuse("the end of a group that was not begun");
    skip_group(input, tag.number);
  }
  return std::nullopt;
}

}  // namespace onda::base::wire
