#include "base/kernel_text.h"

#include <algorithm>
#include <cstdint>

#include "base/files.h"
#include "onda/error.h"

namespace onda::base {
namespace {

/// Machines with thousands of mounts or of cores have files of some hundred KB.
constexpr std::uint64_t kLimit = std::uint64_t{64} << 20U;

bool is_octal(char character) { return character >= '0' && character <= '7'; }

}  // namespace

std::string kernel_text(const std::filesystem::path& path) {
  try {
    const auto bytes = read_file(path, kLimit);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } catch (const Error&) {
    return {};
  }
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(separator), text.size());
    if (length > 0) parts.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return parts;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string unescape_mount_path(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      result += static_cast<char>(value);
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace onda::base
