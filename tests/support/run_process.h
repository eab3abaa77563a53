#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace onda::test {

struct ProcessOptions {
  /// Set on top of this program's environment; no value removes the variable.
  std::map<std::string, std::optional<std::string>> environment{};
  /// Empty: this program's.
  std::filesystem::path working_directory{};
  /// Given through a pipe, which is closed afterwards.
  std::string input{};
  /// The program and all it started are killed when it is not done by then.
  std::chrono::milliseconds time_limit = std::chrono::seconds(60);
};

struct ProcessResult {
  int exit_code = -1;      ///< -1 when a signal ended it
  int signal = 0;          ///< that signal; 0 when it exited
  bool timed_out = false;  ///< it was killed because of the time limit
  std::string out;
  std::string err;
};

/// Runs a program to its end and collects what it writes. `argv[0]` is looked up in PATH unless it has a
/// slash. A program that cannot be started throws std::system_error. Safe to call from several threads.
[[nodiscard]] ProcessResult run_process(const std::vector<std::string>& argv,
                                        const ProcessOptions& options = {});

/// The program that is running, so that a test can start itself in another role.
[[nodiscard]] std::filesystem::path this_program();

}  // namespace onda::test
