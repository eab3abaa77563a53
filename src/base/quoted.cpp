#include "base/quoted.h"

#include <algorithm>

#include "base/utf8.h"

namespace onda::base {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// U+0080 to U+009F are control characters too: C2 80 to C2 9F.
bool is_control(std::string_view text, std::size_t at, std::size_t length) {
  const unsigned lead = byte_at(text, at);
  return (length == 1 && (lead < 0x20 || lead == 0x7F)) ||
         (length == 2 && lead == 0xC2 && byte_at(text, at + 1) < 0xA0);
}

void append_hex(std::string& out, unsigned byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 0xFU];
}

}  // namespace

std::string quoted(std::string_view text, std::size_t limit) {
  std::string out = "\"";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_sequence_length(text, at);
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (at + step > limit) {
      out += "…";
      break;
    }
    if (length == 0 || is_control(text, at, length)) {
      for (std::size_t i = 0; i < step; ++i) append_hex(out, byte_at(text, at + i));
    } else {
      out += text.substr(at, length);
    }
    at += step;
  }
  return out += '"';
}

std::string quoted_path(const std::filesystem::path& path) { return quoted(path.string(), 4096); }

}  // namespace onda::base
