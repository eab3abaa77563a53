#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onda::test {

/// Writes messages of protocol buffers, also wrong ones, field by field.
class WireWriter {
 public:
  WireWriter& number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
    return *this;
  }
  WireWriter& bytes(std::uint32_t field, std::string_view content) {
    header(field, content.size());
    text_ += content;
    return *this;
  }
  WireWriter& message(std::uint32_t field, const WireWriter& content) { return bytes(field, content.text_); }
  /// A field of bytes without them.
  WireWriter& header(std::uint32_t field, std::uint64_t size) {
    varint((field << 3U) | 2U);
    varint(size);
    return *this;
  }
  WireWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) text_ += static_cast<char>((value & 0x7fU) | 0x80U);
    text_ += static_cast<char>(value);
    return *this;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace onda::test
