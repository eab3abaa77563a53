#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onda::bench {

/// The file that the shell would start under that name; empty where there is none.
[[nodiscard]] std::string find_program(const std::string& name);

/// A program that runs beside this one until it is stopped or this is destroyed. What it says on standard
/// error goes to a log, `output_directory()`/NAME.log.
class Program {
 public:
  /// `command` begins with the program's path; `environment` ("NAME=value") stands in front of this process's
  /// own. Throws std::runtime_error where it cannot be started.
  Program(const std::string& name, const std::vector<std::string>& command,
          const std::vector<std::string>& environment = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// The next line of its standard output. Throws std::runtime_error, with the end of its log, where none
  /// comes in time.
  [[nodiscard]] std::string read_line(std::chrono::milliseconds limit);

  /// SIGTERM, and SIGKILL where that has not ended it in ten seconds. Returns the exit code, -1 for a signal.
  int stop();

  /// When it was asked for.
  [[nodiscard]] std::chrono::steady_clock::time_point started_at() const { return started_at_; }

  /// User and system time of it and its children so far.
  [[nodiscard]] double cpu_seconds() const;
  /// Of it and its children.
  [[nodiscard]] double resident_bytes() const;
  [[nodiscard]] double proportional_bytes() const;

  /// Waits until it has used next to no processor time for a while: what goes on in the background is over.
  void wait_until_idle() const;

 private:
  [[nodiscard]] std::vector<pid_t> processes() const;
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  std::filesystem::path log_;
  std::chrono::steady_clock::time_point started_at_;
  pid_t process_ = -1;
  int output_ = -1;
  std::string unread_;
};

}  // namespace onda::bench
