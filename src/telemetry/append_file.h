#pragma once

#include <atomic>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace onda::telemetry {

/// A file that threads and processes add lines to at its end. Made where it is absent (0640, less the mask);
/// not inherited by programs that are started.
class AppendFile {
 public:
  /// Throws not_found (the directory), permission_denied, invalid_argument (a directory; a pipe that nobody
  /// reads), resource_exhausted.
  explicit AppendFile(const std::filesystem::path& path);
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile();

  /// Writes `line`, which has no end yet, with its end in one system call, so that lines of several threads
  /// do not mix. Never waits for a pipe's reader. An error means that the line is not in the file, or not all
  /// of it; it does not spoil the next one. Safe from any thread.
  [[nodiscard]] std::error_code append_line(std::string_view line) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  /// The file ends with a piece of a line.
  std::atomic<bool> is_torn_{false};
};

}  // namespace onda::telemetry
