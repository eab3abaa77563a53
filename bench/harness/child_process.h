#pragma once

#include <string>
#include <vector>

namespace onda::bench {

/// A program that was run, from the moment it was asked for.
struct ChildRun {
  double first_output_ms = 0;  ///< until its first byte on standard output arrived
  double exit_ms = 0;          ///< until it had ended
  std::string output;
};

/// Runs `command` (the program's path first), with `environment` ("NAME=value") in front of this process's
/// own; standard error is shared. Throws std::runtime_error where it cannot be started, fails, or prints
/// nothing.
[[nodiscard]] ChildRun run_child(const std::vector<std::string>& command,
                                 const std::vector<std::string>& environment = {});

}  // namespace onda::bench
