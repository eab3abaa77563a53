#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace onda::image {

/// Reads integers at any offset of bytes from outside; what lies beyond the end is empty, never undefined.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes, bool is_big_endian) noexcept
      : bytes_(bytes), is_big_endian_(is_big_endian) {}

  [[nodiscard]] std::optional<std::uint16_t> u16(std::size_t offset) const noexcept {
    const auto value = integer(offset, 2);
    return value ? std::optional(static_cast<std::uint16_t>(*value)) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint32_t> u32(std::size_t offset) const noexcept {
    return integer(offset, 4);
  }
  [[nodiscard]] std::optional<std::uint8_t> u8(std::size_t offset) const noexcept {
    const auto value = integer(offset, 1);
    return value ? std::optional(static_cast<std::uint8_t>(*value)) : std::nullopt;
  }
  [[nodiscard]] bool has(std::size_t offset, std::string_view text) const noexcept {
    return fits(offset, text.size()) && std::memcmp(bytes_.data() + offset, text.data(), text.size()) == 0;
  }
  /// As much of the range as there is.
  [[nodiscard]] std::span<const std::byte> part(std::size_t offset, std::size_t length) const noexcept {
    if (offset >= bytes_.size()) return {};
    const auto rest = bytes_.subspan(offset);
    return rest.first(length < rest.size() ? length : rest.size());
  }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  [[nodiscard]] bool fits(std::size_t offset, std::size_t length) const noexcept {
    return offset <= bytes_.size() && length <= bytes_.size() - offset;
  }
  [[nodiscard]] std::optional<std::uint32_t> integer(std::size_t offset, std::size_t length) const noexcept {
    if (!fits(offset, length)) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t place = is_big_endian_ ? i : length - 1 - i;
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[offset + place]);
    }
    return value;
  }

  std::span<const std::byte> bytes_;
  bool is_big_endian_;
};

}  // namespace onda::image
