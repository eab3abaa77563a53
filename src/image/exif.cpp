#include "image/exif.h"

#include <cstdint>
#include <string_view>

#include "image/byte_reader.h"

namespace onda::image {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kOrientationTag = 0x0112;
constexpr std::string_view kExifPrefix = "Exif\0\0"sv;

std::span<const std::byte> block_in_jpeg(std::span<const std::byte> encoded) noexcept {
  const ByteReader file(encoded, true);
  std::size_t position = 2;
  for (;;) {
    const auto marker = file.u16(position);
    if (!marker || *marker < 0xFF00) return {};
    if (*marker == 0xFFFF) {  // padding between segments
      ++position;
      continue;
    }
    // Restart markers, start of image and the temporary marker stand alone.
    if ((*marker >= 0xFFD0 && *marker <= 0xFFD8) || *marker == 0xFF01) {
      position += 2;
      continue;
    }
    // Compressed data or the end: segments that describe the image come before.
    if (*marker == 0xFFDA || *marker == 0xFFD9) return {};
    const auto length = file.u16(position + 2);
    if (!length || *length < 2) return {};
    if (*marker == 0xFFE1 && file.has(position + 4, kExifPrefix)) {
      return file.part(position + 4, *length - std::size_t{2});
    }
    position += std::size_t{2} + *length;
  }
}

std::span<const std::byte> block_in_png(std::span<const std::byte> encoded) noexcept {
  const ByteReader file(encoded, true);
  std::size_t position = 8;
  for (;;) {
    const auto length = file.u32(position);
    if (!length) return {};
    if (file.has(position + 4, "eXIf")) return file.part(position + 8, *length);
    if (file.has(position + 4, "IEND")) return {};
    position += std::size_t{12} + *length;
  }
}

std::span<const std::byte> block_in_webp(std::span<const std::byte> encoded) noexcept {
  const ByteReader file(encoded, false);
  std::size_t position = 12;
  for (;;) {
    const auto length = file.u32(position + 4);
    if (!length) return {};
    if (file.has(position, "EXIF")) return file.part(position + 8, *length);
    position += std::size_t{8} + *length + (*length & 1U);
  }
}

/// The value of a directory entry that holds one unsigned number; 0 for any other.
std::uint32_t single_number(const ByteReader& tiff, std::size_t entry) noexcept {
  constexpr std::uint16_t kByte = 1;
  constexpr std::uint16_t kShort = 3;
  constexpr std::uint16_t kLong = 4;
  if (tiff.u32(entry + 4) != 1U) return 0;
  const auto type = tiff.u16(entry + 2);
  if (type == kByte) return tiff.u8(entry + 8).value_or(std::uint8_t{0});
  if (type == kShort) return tiff.u16(entry + 8).value_or(std::uint16_t{0});
  if (type == kLong) return tiff.u32(entry + 8).value_or(0U);
  return 0;
}

}  // namespace

Orientation exif_orientation(std::span<const std::byte> block) noexcept {
  if (ByteReader(block, true).has(0, kExifPrefix)) block = block.subspan(kExifPrefix.size());
  const bool is_big_endian = ByteReader(block, true).has(0, "MM\0*"sv);
  if (!is_big_endian && !ByteReader(block, true).has(0, "II*\0"sv)) return Orientation::upright;

  const ByteReader tiff(block, is_big_endian);
  const auto directory = tiff.u32(4);
  const auto entries = directory ? tiff.u16(*directory) : std::nullopt;
  if (!entries) return Orientation::upright;
  for (std::size_t i = 0; i < *entries; ++i) {
    const std::size_t entry = std::size_t{*directory} + 2 + 12 * i;
    const auto tag = tiff.u16(entry);
    if (!tag) break;
    if (*tag != kOrientationTag) continue;
    const std::uint32_t value = single_number(tiff, entry);
    return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : Orientation::upright;
  }
  return Orientation::upright;
}

Orientation exif_orientation(ImageFormat format, std::span<const std::byte> encoded) noexcept {
  switch (format) {
    case ImageFormat::jpeg:
      return exif_orientation(block_in_jpeg(encoded));
    case ImageFormat::png:
      return exif_orientation(block_in_png(encoded));
    case ImageFormat::webp:
      return exif_orientation(block_in_webp(encoded));
  }
  return Orientation::upright;
}

}  // namespace onda::image
