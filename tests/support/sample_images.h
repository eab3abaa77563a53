#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onda::test {

using Bytes = std::vector<std::byte>;

[[nodiscard]] Bytes bytes_of(std::string_view text);
void append(Bytes& to, std::string_view text);

/// Files that no encoder writes, made by hand or from a reference file.

/// A PNG file of a signature, IHDR with these numbers, `data` as IDAT, and IEND, all with right checksums.
[[nodiscard]] Bytes png_file(std::uint32_t width, std::uint32_t height, unsigned depth, unsigned color_type,
                             std::string_view data);
[[nodiscard]] Bytes png_chunk(std::string_view kind, std::string_view data);

/// Where the first segment with this marker (0xC0 for SOF0, …) starts in a JPEG file; throws where there is
/// none.
[[nodiscard]] std::size_t jpeg_segment(const Bytes& file, unsigned marker);
/// The same file with other numbers in its frame header (SOF0 or SOF2).
[[nodiscard]] Bytes with_jpeg_size(Bytes file, std::uint16_t width, std::uint16_t height);

/// A TIFF block whose first directory has one entry: tag, type, count and value.
struct TiffEntry {
  std::uint16_t tag = 0x0112;
  std::uint16_t type = 3;
  std::uint32_t count = 1;
  std::uint32_t value = 1;
};
[[nodiscard]] Bytes tiff_block(bool is_big_endian, const TiffEntry& entry);

}  // namespace onda::test
