#include "protocol/grpc_wire.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>

#include "base/utf8.h"
#include "onda/error.h"

namespace onda::protocol {
namespace {

constexpr std::size_t kMostGroupDepth = 64;
constexpr unsigned kStartGroup = 3;
constexpr unsigned kEndGroup = 4;
constexpr std::size_t kLongestVarint = 10;
/// protobuf keeps 16 bytes for reading past the end.
constexpr std::uint64_t kLongestField = std::numeric_limits<std::int32_t>::max() - 16;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "the request is not a valid protocol-buffers message: " + what);
}

}  // namespace

SlicedReader::SlicedReader(Slices slices) noexcept : slices_(slices) {
  for (const auto slice : slices) beyond_ += slice.size();
  if (slices.empty()) return;
  at_ = slices.front().data();
  end_ = at_ + slices.front().size();
  beyond_ -= slices.front().size();
}

SlicedReader::SlicedReader(Slices slices, const WireExtent& field) noexcept
    : slices_(slices), slice_(field.slice), beyond_(field.size) {
  if (field.size == 0) return;
  const auto first = slices[slice_].subspan(field.offset);
  const std::size_t here = std::min(first.size(), field.size);
  at_ = first.data();
  end_ = at_ + here;
  beyond_ -= here;
}

bool SlicedReader::advance() noexcept {
  while (at_ == end_) {
    if (beyond_ == 0) return false;
    const auto slice = slices_[++slice_];
    const std::size_t here = std::min(slice.size(), beyond_);
    at_ = slice.data();
    end_ = at_ + here;
    beyond_ -= here;
  }
  return true;
}

std::uint8_t SlicedReader::byte() {
  if (at_end()) refuse("it ends within a field");
  return std::to_integer<std::uint8_t>(*at_++);
}

std::uint64_t SlicedReader::varint() {
  if (at_ != end_ && std::to_integer<std::uint8_t>(*at_) < 0x80) return std::to_integer<std::uint8_t>(*at_++);
  return long_varint();
}

std::uint64_t SlicedReader::long_varint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kLongestVarint; ++i) {
    const std::uint64_t next = byte();
    value |= (next & 0x7fU) << (7 * i);
    if (next < 0x80) return value;
  }
  refuse("a number has more than ten bytes");
}

std::uint32_t SlicedReader::fixed32() {
  std::uint32_t value = 0;
  copy(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::uint64_t SlicedReader::fixed64() {
  std::uint64_t value = 0;
  copy(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void SlicedReader::copy(std::span<std::byte> into) {
  if (into.size() > left()) refuse("it ends within a field");
  while (!into.empty()) {
    if (at_ == end_) advance();
    const std::size_t here = std::min(into.size(), static_cast<std::size_t>(end_ - at_));
    std::memcpy(into.data(), at_, here);
    at_ += here;
    into = into.subspan(here);
  }
}

void SlicedReader::skip(std::size_t count) {
  while (count > 0) {
    if (at_ == end_) advance();
    const std::size_t here = std::min(count, static_cast<std::size_t>(end_ - at_));
    at_ += here;
    count -= here;
  }
}

SlicedReader::Tag SlicedReader::tag() {
  std::uint64_t value = 0;
  for (unsigned i = 0;; ++i) {
    if (i == 5) refuse("a field's number has more than five bytes");
    const std::uint64_t next = byte();
    value |= (next & 0x7fU) << (7 * i);
    if (next < 0x80) break;
  }
  const auto tag = static_cast<std::uint32_t>(value);
  if (tag >> 3U == 0) refuse("field number 0");
  return {tag >> 3U, tag & 7U};
}

std::size_t SlicedReader::length() {
  std::uint64_t size = 0;
  for (unsigned i = 0;; ++i) {
    const std::uint64_t next = byte();
    if (i == 4 && next >= 8) refuse("a field of 2 GB or more");
    size |= (next & 0x7fU) << (7 * i);
    if (next < 0x80) break;
  }
  if (size > kLongestField || size > left()) {
    refuse("a field of " + std::to_string(size) + " bytes where " + std::to_string(left()) + " are left");
  }
  return static_cast<std::size_t>(size);
}

std::optional<SlicedField> SlicedReader::value(Tag tag) {
  SlicedField field;
  field.number = tag.number;
  field.type = static_cast<SlicedField::Type>(tag.type);
  switch (tag.type) {
    case static_cast<unsigned>(SlicedField::Type::varint):
      field.value = varint();
      return field;
    case static_cast<unsigned>(SlicedField::Type::fixed64):
      field.value = fixed64();
      return field;
    case static_cast<unsigned>(SlicedField::Type::fixed32):
      field.value = fixed32();
      return field;
    case static_cast<unsigned>(SlicedField::Type::bytes): {
      const std::size_t size = length();
      // So that bytes that lie in one slice are seen to.
      if (at_ == end_ && size > 0) advance();
      field.bytes = {slice_, 0, size};
      if (size > 0) field.bytes.offset = static_cast<std::size_t>(at_ - slices_[slice_].data());
      skip(size);
      return field;
    }
    case kStartGroup:
    case kEndGroup:
      return std::nullopt;
    default:
      refuse("wire type " + std::to_string(tag.type));
  }
}

void SlicedReader::skip_group(std::uint32_t number) {
  std::array<std::uint32_t, kMostGroupDepth> open{number};
  std::size_t depth = 1;
  while (depth > 0) {
    const Tag inner = tag();
    if (value(inner)) continue;
    if (inner.type == kStartGroup) {
      if (depth == kMostGroupDepth) refuse("groups nested deeper than " + std::to_string(kMostGroupDepth));
      open[depth++] = inner.number;
    } else if (open[--depth] != inner.number) {
      refuse("the end of a group that was not begun");
    }
  }
}

std::optional<SlicedField> SlicedReader::next() {
  while (!at_end()) {
    const Tag found = tag();
    if (auto field = value(found)) return field;
    if (found.type == kEndGroup) refuse("the end of a group that was not begun");
    skip_group(found.number);
  }
  return std::nullopt;
}

std::span<const std::byte> contiguous(Slices slices, const WireExtent& field, DecodedStorage& storage) {
  if (field.size == 0) return {};
  const auto first = slices[field.slice].subspan(field.offset);
  if (first.size() >= field.size) return first.first(field.size);
  const auto gathered = storage.allocate(field.size);
  SlicedReader(slices, field).copy(gathered);
  return gathered;
}

std::string_view contiguous_text(Slices slices, const WireExtent& field, DecodedStorage& storage) {
  const auto bytes = contiguous(slices, field, storage);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!base::is_utf8(text)) refuse("a string that is no UTF-8");
  return text;
}

}  // namespace onda::protocol
