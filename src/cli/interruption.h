#pragma once

#include <stop_token>
#include <thread>

namespace onda::cli {

/// While one lives, the first Ctrl-C (or SIGTERM) asks the work to stop and a second one ends the process;
/// otherwise one ends the process at once. At most one at a time. It has a thread, so it is made after the
/// runtime.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }
  /// Whether a signal has come since the program started, in this object's life or an earlier one's.
  [[nodiscard]] static bool was_requested() noexcept;

 private:
  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace onda::cli
