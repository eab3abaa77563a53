#include "cli/progress_line.h"

#include <cstdio>
#include <string>

#include "cli/console.h"

namespace onda::cli {

ProgressLine::ProgressLine(bool is_wanted)
    : is_active_(is_wanted && is_terminal_error()), next_(Clock::now() + std::chrono::milliseconds(500)) {}

void ProgressLine::show(std::size_t done, std::size_t all, std::string_view what) {
  if (!is_active_ || Clock::now() < next_) return;
  show(std::to_string(done) + " of " + std::to_string(all) + ' ' + std::string(what));
}

void ProgressLine::show(std::string_view text) {
  const auto now = Clock::now();
  if (!is_active_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  // Back to the line's beginning, and clear what is left of a longer one.
  const std::string line = '\r' + single_line(text) + "\x1b[K";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  is_shown_ = true;
}

void ProgressLine::clear() noexcept {
  if (!is_shown_) return;
  is_shown_ = false;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

}  // namespace onda::cli
