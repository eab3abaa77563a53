#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace onda::cli {

/// One line on standard error that tells how far long work is. It is written only to a terminal, at most ten
/// times a second, not in the first half second, and cleared at the end.
class ProgressLine {
 public:
  explicit ProgressLine(bool is_wanted);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  /// "12 of 359 inputs".
  void show(std::size_t done, std::size_t all, std::string_view what);
  void show(std::string_view text);
  void clear() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  bool is_active_;
  bool is_shown_ = false;
  Clock::time_point next_;
};

}  // namespace onda::cli
