#include "cli/console.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "onda/error.h"

namespace onda::cli {
namespace {

void write_error_line(std::string_view prefix, std::string_view text) {
  const std::string line = std::string(prefix) + single_line(text) + '\n';
  // One call, so that lines of several threads do not mix. Where standard error is gone there is nobody to
  // tell.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void print(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw Error(ErrorCode::internal,
                std::string("standard output: cannot be written (") + std::strerror(errno) + ")");
  }
}

void note(std::string_view text) { write_error_line("onda: ", text); }

void print_error(std::string_view text) { write_error_line("onda: error: ", text); }

std::string single_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t' || c == '\r') {
      line += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr const char* kDigits = "0123456789abcdef";
      line += "\\x";
      line += kDigits[byte >> 4U];
      line += kDigits[byte & 0xFU];
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace onda::cli
