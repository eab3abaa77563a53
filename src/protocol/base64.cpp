#include "protocol/base64.h"

#include <array>
#include <cstdint>

#include "onda/error.h"

namespace onda::protocol {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kSpace = 64;
constexpr std::uint8_t kPadding = 65;
constexpr std::uint8_t kNone = 66;

/// What a character stands for.
constexpr std::array<std::uint8_t, 256> kMeaning = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  for (const char space : {' ', '\t', '\n', '\v', '\f', '\r'})
    table[static_cast<unsigned char>(space)] = kSpace;
  table[static_cast<unsigned char>('=')] = kPadding;
  return table;
}();

std::uint8_t meaning(char character) { return kMeaning[static_cast<unsigned char>(character)]; }

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "base64: " + why);
}

/// How many characters are not white space. Throws for those that have no place in base64.
std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = meaning(text[i]);
    if (value == kNone) refuse("byte " + std::to_string(i) + " is no character of the alphabet");
    count += value == kSpace ? 0 : 1;
  }
  return count;
}

/// Of the last four characters. They are at the end, maybe with white space between them.
std::size_t count_padding(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    const std::uint8_t value = meaning(*at);
    if (value == kSpace) continue;
    if (value != kPadding) break;
    ++count;
  }
  return count;
}

}  // namespace

std::string decode_base64(std::string_view text, std::size_t limit) {
  const std::size_t characters = count_characters(text);
  const std::size_t padding = count_padding(text);
  if (characters % 4 != 0) {
    refuse("it has " + std::to_string(characters) +
           " characters, expected a multiple of 4 (with its padding)");
  }
  if (padding > 2) refuse("it ends in " + std::to_string(padding) + " of \"=\", expected at most 2");
  const std::size_t size = characters / 4 * 3 - padding;
  if (size > limit) {
    refuse("its size of " + std::to_string(size) + " bytes exceeds the maximum allowed, " +
           std::to_string(limit));
  }

  std::string bytes;
  bytes.reserve(size);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  std::size_t left = characters - padding;
  for (const char character : text) {
    if (left == 0) break;
    const std::uint8_t value = meaning(character);
    if (value == kSpace) continue;
    if (value == kPadding) refuse("\"=\" stands before the end");
    --left;
    bits = bits << 6U | value;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes += static_cast<char>(bits >> bit_count & 0xFFU);
  }
  if ((bits & ((1U << bit_count) - 1U)) != 0) refuse("the bits behind the last byte are not 0");
  return bytes;
}

std::string encode_base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t at = 0;
  const auto byte = [&bytes](std::size_t index) {
    return index < bytes.size() ? std::to_integer<std::uint32_t>(bytes[index]) : 0U;
  };
  for (; at < bytes.size(); at += 3) {
    const std::uint32_t group = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kAlphabet[group >> shift & 0x3FU];
  }
  for (; at > bytes.size(); --at) text[text.size() - (at - bytes.size())] = '=';
  return text;
}

}  // namespace onda::protocol
