#include "base/utf8.h"

namespace onda::base {
namespace {

std::uint32_t byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

struct LeadByte {
  std::size_t length = 0;
  // The range of the second byte; the others are 80 to BF.
  std::uint32_t low = 0x80;
  std::uint32_t high = 0xBF;
};

// The Unicode standard's table of well-formed sequences (table 3-7).
LeadByte lead_byte(std::uint32_t lead) noexcept {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {0};
  if (lead <= 0xDF) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead <= 0xEF) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  if (lead <= 0xF3) return {4};
  return {0};
}

char continuation(std::uint32_t bits) { return static_cast<char>(0x80U | (bits & 0x3FU)); }

}  // namespace

std::size_t utf8_sequence_length(std::string_view text, std::size_t at) noexcept {
  const LeadByte lead = lead_byte(byte_at(text, at));
  if (lead.length <= 1) return lead.length;
  if (lead.length > text.size() - at) return 0;
  if (byte_at(text, at + 1) < lead.low || byte_at(text, at + 1) > lead.high) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((byte_at(text, at + i) & 0xC0U) != 0x80U) return 0;
  }
  return lead.length;
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool is_code_point(std::uint32_t number) noexcept {
  return number < 0xD800 || (number > 0xDFFF && number <= 0x10FFFF);
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0U | (code_point >> 6U));
    text += continuation(code_point);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0U | (code_point >> 12U));
    text += continuation(code_point >> 6U);
    text += continuation(code_point);
  } else {
    text += static_cast<char>(0xF0U | (code_point >> 18U));
    text += continuation(code_point >> 12U);
    text += continuation(code_point >> 6U);
    text += continuation(code_point);
  }
}

std::u32string code_points(std::string_view text) {
  std::u32string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text, at);
    std::uint32_t value = length == 1 ? byte_at(text, at) : byte_at(text, at) & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte_at(text, at + i) & 0x3FU);
    result += static_cast<char32_t>(value);
    at += length == 0 ? 1 : length;
  }
  return result;
}

}  // namespace onda::base
