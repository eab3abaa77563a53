#include "protocol/json_cursor.h"

#include <simdjson.h>

#include <bit>
#include <bitset>
#include <cstring>

#include "base/quoted.h"
#include "base/utf8.h"
#include "onda/error.h"
#include "protocol/json_number.h"

namespace onda::protocol {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

/// The highest bit of each byte that is 0, and maybe of some above it: the lowest one is right.
std::uint64_t zero_bytes(std::uint64_t word) noexcept { return (word - kOnes) & ~word & kHighBits; }

/// How many bytes of the eight at `at` stand for themselves within a string: no quote, backslash or control.
unsigned plain_bytes(const char* at, std::uint64_t& seen) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  const std::uint64_t special = zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) |
                                ((word - kOnes * 0x20) & ~word & kHighBits);
  if (special == 0) {
    seen |= word;
    return 8;
  }
  const auto count = static_cast<unsigned>(std::countr_zero(special)) / 8;
  // In two steps: a shift by 64 has no meaning.
  seen |= (word << (8 * (7 - count))) << 8U;
  return count;
}

}  // namespace

void JsonCursor::refuse(std::string_view why) const {
  const auto offset = static_cast<std::size_t>(at_ - begin_);
  throw Error(ErrorCode::invalid_argument, "failed to parse the request JSON buffer: " + std::string(why) +
                                               " at byte " + std::to_string(offset));
}

void JsonCursor::expect(char c, std::string_view what) {
  if (peek() != c) refuse("expected " + std::string(what));
  ++at_;
}

void JsonCursor::open(char bracket, std::string_view what) {
  if (peek() != bracket)
    refuse(std::string(what) + (bracket == '{' ? " must be an object" : " must be an array"));
  ++at_;
}

std::optional<std::string_view> JsonCursor::next_member(bool& is_first) {
  const char next = peek();
  if (next == '}') {
    ++at_;
    return std::nullopt;
  }
  if (!is_first) expect(',', "',' or '}'");
  is_first = false;
  if (peek() != '"') refuse("expected a key in quotes");
  const RawString raw = raw_string("a key");
  std::string_view key = raw.text;
  if (raw.has_escapes) {
    key_.clear();
    unescape(raw.text, key_);
    key = key_;
  }
  expect(':', "':'");
  return key;
}

bool JsonCursor::next_item(bool& is_first) {
  const char next = peek();
  if (next == ']') {
    ++at_;
    return false;
  }
  if (!is_first) expect(',', "',' or ']'");
  is_first = false;
  if (peek() == ']') refuse("expected a value");
  return true;
}

JsonCursor::RawString JsonCursor::raw_string(std::string_view what) {
  if (peek() != '"') refuse(std::string(what) + " must be a string");
  ++at_;
  const char* const begin = at_;
  RawString found;
  std::uint64_t seen = 0;
  for (;;) {
    const unsigned plain = plain_bytes(at_, seen);
    at_ += plain;
    if (at_ >= end_) {
      at_ = end_;
      refuse("a string does not end");
    }
    if (plain == 8) continue;
    if (*at_ == '"') break;
    if (*at_ != '\\') refuse("a control character in a string must be escaped");
    found.has_escapes = true;
    at_ += 2;
    if (at_ >= end_) {
      at_ = end_;
      refuse("a string does not end");
    }
  }
  found.text = std::string_view(begin, at_);
  if ((seen & kHighBits) != 0 && !simdjson::validate_utf8(found.text.data(), found.text.size()))
    refuse("a string is not valid UTF-8");
  ++at_;
  return found;
}

std::uint32_t JsonCursor::code_unit(std::string_view raw, std::size_t at) const {
  std::uint32_t value = 0;
  const std::string_view digits = raw.substr(at, 4);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4)
    refuse("a string has a broken \\u escape");
  return value;
}

void JsonCursor::unescape(std::string_view raw, std::string& text) const {
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    text += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (raw.empty()) return;
    // `raw_string` has made sure that something follows.
    const char escaped = raw[1];
    raw.remove_prefix(2);
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t known = kNames.find(escaped); known != std::string_view::npos) {
      text += kMeanings[known];
      continue;
    }
    if (escaped != 'u') refuse("a string has an unknown escape");
    std::uint32_t code_point = code_unit(raw, 0);
    raw.remove_prefix(4);
    if (code_point >= 0xD800 && code_point < 0xDC00 && raw.starts_with("\\u")) {
      const std::uint32_t low = code_unit(raw, 2);
      if (low >= 0xDC00 && low < 0xE000) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
        raw.remove_prefix(6);
      }
    }
    if (!base::is_code_point(code_point)) refuse("a string has half of a surrogate pair");
    base::append_utf8(text, code_point);
  }
}

std::string_view JsonCursor::read_string(std::string_view what) {
  const RawString raw = raw_string(what);
  if (!raw.has_escapes) return raw.text;
  std::string& text = storage_.allocate_strings(1).front();
  unescape(raw.text, text);
  return text;
}

void JsonCursor::read_string_into(std::string& text, std::string_view what) {
  const RawString raw = raw_string(what);
  if (raw.has_escapes) {
    unescape(raw.text, text);
  } else {
    text += raw.text;
  }
}

bool JsonCursor::read_bool(std::string_view what) {
  skip_space();
  const std::string_view rest(at_, end_);
  const bool is_true = rest.starts_with("true");
  if (!is_true && !rest.starts_with("false")) refuse(std::string(what) + " must be a boolean");
  at_ += is_true ? 4 : 5;
  return is_true;
}

std::uint64_t JsonCursor::read_unsigned(std::string_view what) {
  const bool is_there = peek() != '\0';
  std::uint64_t value = 0;
  const NumberEnd read =
      is_there ? read_json_number(at_, end_, value) : NumberEnd{at_, NumberProblem::not_a_number};
  if (read.problem != NumberProblem::none) refuse(std::string(what) + " must be a non-negative integer");
  at_ = read.at;
  return value;
}

void JsonCursor::skip_scalar() {
  const std::string_view rest(at_, end_);
  for (const std::string_view word : {"true", "false", "null"}) {
    if (!rest.starts_with(word)) continue;
    at_ += word.size();
    return;
  }
  double ignored = 0;
  const NumberEnd read =
      rest.empty() ? NumberEnd{at_, NumberProblem::not_a_number} : read_json_number(at_, end_, ignored);
  // A number that no double holds is JSON all the same.
  if (read.problem != NumberProblem::none && read.problem != NumberProblem::out_of_range)
    refuse("expected a value");
  at_ = read.at;
}

void JsonCursor::skip_value() {
  std::bitset<kMaxDepth> is_object;
  std::size_t depth = 0;
  bool is_first = true;
  for (;;) {
    const char next = peek();
    if (next == '{' || next == '[') {
      if (depth == kMaxDepth) {
        refuse("JSON nesting depth exceeds maximum allowed limit (" + std::to_string(kMaxDepth) + ")");
      }
      ++at_;
      is_object[depth++] = next == '{';
      is_first = true;
    } else if (next == '"') {
      // Checked as a whole, its escapes too.
      const RawString raw = raw_string("a value");
      if (raw.has_escapes) {
        std::string ignored;
        unescape(raw.text, ignored);
      }
    } else {
      skip_scalar();
    }
    // To where the next value begins, leaving what ends here.
    for (;;) {
      if (depth == 0) return;
      const bool goes_on = is_object[depth - 1] ? next_member(is_first).has_value() : next_item(is_first);
      if (goes_on) break;
      --depth;
      is_first = false;
    }
  }
}

void JsonCursor::expect_end() {
  if (peek() != '\0' || at_ != end_) refuse("unexpected data after the JSON");
}

}  // namespace onda::protocol
