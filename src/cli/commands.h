#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/exit_code.h"

namespace onda::cli {

/// A command gets the words behind its name. It throws UsageError, or Error where the work failed.
using CommandFunction = ExitCode (*)(std::span<const std::string> arguments);

ExitCode run_command(std::span<const std::string> arguments);
ExitCode inspect_command(std::span<const std::string> arguments);
ExitCode serve_command(std::span<const std::string> arguments);
ExitCode bench_command(std::span<const std::string> arguments);
ExitCode doctor_command(std::span<const std::string> arguments);
ExitCode cache_command(std::span<const std::string> arguments);

struct Command {
  std::string_view name;
  std::string_view summary;
  CommandFunction function;
};

/// All commands, in the order of the help.
[[nodiscard]] std::span<const Command> commands() noexcept;

}  // namespace onda::cli
