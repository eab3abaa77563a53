#include "protocol/json_text.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.h"
#include "onda/error.h"

namespace onda::protocol {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// More than the longest number takes: "-2.2250738585072014e-308", "-Infinity".
constexpr std::size_t kLongestNumber = 32;

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && c != '"' && c != '\\';
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 0xFU];
}

/// `text` is UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto* const special = std::ranges::find_if_not(text, is_plain);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_escape(out, text.front());
    text.remove_prefix(1);
  }
  out += '"';
}

std::string with_replacements(std::string_view text) {
  std::string valid;
  valid.reserve(text.size() + kReplacement.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = base::utf8_sequence_length(text, at);
    valid += length == 0 ? kReplacement : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return valid;
}

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

char* write_text(char* at, std::string_view text) noexcept {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

/// `at` has room for kLongestNumber.
template <class Number>
char* write_number(char* at, Number number) noexcept {
  if constexpr (std::floating_point<Number>) {
    if (!std::isfinite(number)) [[unlikely]] {
      if (std::isnan(number)) return write_text(at, "NaN");
      return write_text(at, number < 0 ? "-Infinity" : "Infinity");
    }
    // "-0" is read as an integer, which has no sign at zero.
    if (number == 0 && std::signbit(number)) [[unlikely]]
      return write_text(at, "-0.0");
  }
  return std::to_chars(at, at + kLongestNumber, number).ptr;
}

/// ONNX's booleans: one byte, 0 or 1.
struct Boolean {
  std::uint8_t byte;
};
char* write_number(char* at, Boolean truth) noexcept {
  return write_text(at, truth.byte != 0 ? std::string_view("true") : std::string_view("false"));
}

template <class Number>
void append_one(std::string& out, Number number) {
  std::array<char, kLongestNumber> digits;
  out.append(digits.data(), write_number(digits.data(), number));
}

/// By way of a buffer, so that the text grows by pieces and not by digits.
template <class Element>
void append_array(std::string& out, std::span<const std::byte> bytes) {
  constexpr std::size_t kBufferBytes = 4096;
  std::array<char, kBufferBytes> buffer;
  char* const last = buffer.data() + kBufferBytes - kLongestNumber - 1;
  char* at = buffer.data();
  *at++ = '[';
  for (std::size_t i = 0; i + sizeof(Element) <= bytes.size(); i += sizeof(Element)) {
    if (at > last) [[unlikely]] {
      out.append(buffer.data(), at);
      at = buffer.data();
    }
    if (i != 0) *at++ = ',';
    Element element;
    std::memcpy(&element, bytes.data() + i, sizeof(Element));
    at = write_number(at, element);
  }
  out.append(buffer.data(), at);
  out += ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    append_escaped(out, text);
  } else {
    append_escaped(out, with_replacements(text));
  }
}

bool try_append_json_string(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return false;
  append_escaped(out, text);
  return true;
}

void append_json_number(std::string& out, std::int64_t number) { append_one(out, number); }
void append_json_number(std::string& out, std::uint64_t number) { append_one(out, number); }
void append_json_number(std::string& out, float number) { append_one(out, number); }
void append_json_number(std::string& out, double number) { append_one(out, number); }

bool has_json_form(DType dtype) noexcept {
  switch (dtype) {
    case DType::boolean:
    case DType::uint8:
    case DType::uint16:
    case DType::uint32:
    case DType::uint64:
    case DType::int8:
    case DType::int16:
    case DType::int32:
    case DType::int64:
    case DType::float32:
    case DType::float64:
    case DType::string:
      return true;
    default:
      return false;
  }
}

void append_json_elements(std::string& out, DType dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case DType::boolean:
      return append_array<Boolean>(out, bytes);
    case DType::uint8:
      return append_array<std::uint8_t>(out, bytes);
    case DType::uint16:
      return append_array<std::uint16_t>(out, bytes);
    case DType::uint32:
      return append_array<std::uint32_t>(out, bytes);
    case DType::uint64:
      return append_array<std::uint64_t>(out, bytes);
    case DType::int8:
      return append_array<std::int8_t>(out, bytes);
    case DType::int16:
      return append_array<std::int16_t>(out, bytes);
    case DType::int32:
      return append_array<std::int32_t>(out, bytes);
    case DType::int64:
      return append_array<std::int64_t>(out, bytes);
    case DType::float32:
      return append_array<float>(out, bytes);
    case DType::float64:
      return append_array<double>(out, bytes);
    default:
      throw Error(ErrorCode::internal,
                  "elements of type " + std::string(to_string(dtype)) + " have no JSON form");
  }
}

}  // namespace onda::protocol
