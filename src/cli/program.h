#pragma once

#include <span>
#include <string>

#include "cli/exit_code.h"

namespace onda::cli {

/// The whole program: finds the command, runs it, and reports what it throws as one line on standard error.
/// `arguments` are those behind the program's name.
[[nodiscard]] ExitCode run_program(std::span<const std::string> arguments) noexcept;

}  // namespace onda::cli
