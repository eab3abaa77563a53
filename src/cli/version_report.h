#pragma once

#include <span>
#include <string>

#include "cli/exit_code.h"

namespace onda::cli {

/// `onda --version`: Onda's version and commit, ONNX Runtime's version and path, or that there is none.
ExitCode print_version(std::span<const std::string> arguments);

}  // namespace onda::cli
