#include <unistd.h>

#include "cli/console.h"

namespace onda::cli {

bool is_terminal_output() noexcept { return isatty(STDOUT_FILENO) == 1; }
bool is_terminal_error() noexcept { return isatty(STDERR_FILENO) == 1; }

}  // namespace onda::cli
