#pragma once

#include <functional>
#include <string_view>

namespace onda {

enum class LogLevel { verbose, info, warning, error };

/// Where the library's log lines go: a level and one line of text without its newline, borrowed for the call.
/// Called from any thread, must not throw. An empty function discards.
using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace onda
