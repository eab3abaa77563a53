#pragma once

#include "onda/log.h"

namespace onda::cli {

/// A sink that writes lines of `level` and above to standard error, with time and level. Safe from any
/// thread; nothing is set up before the first line.
[[nodiscard]] LogSink log_to_standard_error(LogLevel level);

}  // namespace onda::cli
