#include "support/sample_images.h"

#include <stdexcept>

namespace onda::test {
namespace {

std::string number(std::uint32_t value, std::size_t length, bool is_big_endian) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t shift = 8 * (is_big_endian ? length - 1 - i : i);
    text += static_cast<char>(value >> shift & 0xFFU);
  }
  return text;
}

std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFF'FFFFU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB8'8320U : 0U);
  }
  return ~crc;
}

unsigned at(const Bytes& file, std::size_t position) { return std::to_integer<unsigned>(file.at(position)); }

}  // namespace

Bytes bytes_of(std::string_view text) {
  Bytes bytes;
  append(bytes, text);
  return bytes;
}

void append(Bytes& to, std::string_view text) {
  for (const char c : text) to.push_back(static_cast<std::byte>(c));
}

Bytes png_chunk(std::string_view kind, std::string_view data) {
  const std::string body = std::string(kind) + std::string(data);
  return bytes_of(number(static_cast<std::uint32_t>(data.size()), 4, true) + body +
                  number(crc32(body), 4, true));
}

Bytes png_file(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color_type,
               std::string_view data) {
  Bytes file = bytes_of("\x89PNG\r\n\x1a\n");
  const std::string header = number(width, 4, true) + number(height, 4, true) + number(depth, 1, true) +
                             number(color_type, 1, true) + std::string(3, '\0');
  for (const Bytes& chunk : {png_chunk("IHDR", header), png_chunk("IDAT", data), png_chunk("IEND", "")}) {
    file.insert(file.end(), chunk.begin(), chunk.end());
  }
  return file;
}

std::size_t jpeg_segment(const Bytes& file, unsigned marker) {
  for (std::size_t position = 2; position + 4 <= file.size();) {
    if (at(file, position) != 0xFF) break;
    if (at(file, position + 1) == marker) return position;
    position += 2 + (at(file, position + 2) << 8 | at(file, position + 3));
  }
  throw std::runtime_error("the JPEG file has no such segment");
}

Bytes with_jpeg_size(Bytes file, std::uint16_t width, std::uint16_t height) {
  std::size_t frame = 0;
  try {
    frame = jpeg_segment(file, 0xC0);
  } catch (const std::runtime_error&) {
    frame = jpeg_segment(file, 0xC2);
  }
  const Bytes size = bytes_of(number(height, 2, true) + number(width, 2, true));
  std::copy(size.begin(), size.end(), file.begin() + static_cast<std::ptrdiff_t>(frame) + 5);
  return file;
}

Bytes tiff_block(bool is_big_endian, const TiffEntry& entry) {
  const auto put = [is_big_endian](std::uint32_t value, std::size_t length) {
    return number(value, length, is_big_endian);
  };
  // A value shorter than four bytes stands at the front of the field.
  const std::size_t value_length = entry.type == 1 ? 1 : entry.type == 3 ? 2 : 4;
  const std::string value = put(entry.value, value_length) + std::string(4 - value_length, '\0');
  return bytes_of((is_big_endian ? "MM" : "II") + put(42, 2) + put(8, 4) + put(1, 2) + put(entry.tag, 2) +
                  put(entry.type, 2) + put(entry.count, 4) + value + put(0, 4));
}

}  // namespace onda::test
