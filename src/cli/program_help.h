#pragma once

#include <span>
#include <string>

#include "cli/commands.h"

namespace onda::cli {

/// What `onda --help` prints.
[[nodiscard]] std::string program_help(std::span<const Command> commands);

}  // namespace onda::cli
