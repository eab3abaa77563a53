#include "runtime/prepared_text.h"

namespace onda::runtime {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool stands_for_itself(char c) { return c > ' ' && c <= '~' && c != '%'; }

}  // namespace

std::string to_word(std::string_view text) {
  if (text.empty()) return "%";
  std::string word;
  word.reserve(text.size());
  for (const char c : text) {
    if (stands_for_itself(c)) {
      word += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    word += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return word;
}

std::optional<std::string> from_word(std::string_view word) {
  if (word.empty()) return std::nullopt;
  if (word == "%") return "";
  std::string text;
  text.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (stands_for_itself(word[i])) {
      text += word[i];
      continue;
    }
    if (word[i] != '%' || word.size() - i < 3) return std::nullopt;
    const std::size_t high = kHexDigits.find(word[i + 1]);
    const std::size_t low = kHexDigits.find(word[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    text += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return text;
}

}  // namespace onda::runtime
