#include <unistd.h>

#include <chrono>
#include <string>

#include "cli/console.h"
#include "cli/serve_log.h"
#include "telemetry/log_line.h"

namespace onda::cli {

LogSink server_log(const telemetry::LogSettings& settings) {
  return [&settings](LogLevel level, std::string_view text) {
    if (!settings.passes(level)) return;
    // A sink must not throw; a line that cannot be made or written is lost.
    try {
      const std::string one_line = single_line(text);
      std::string line =
          telemetry::log_line({level, one_line, std::chrono::system_clock::now()}, settings.format());
      line += '\n';
      // One call a line, so that those of several threads do not mix.
      const auto written = ::write(STDERR_FILENO, line.data(), line.size());
      static_cast<void>(written);
    } catch (...) {
    }
  };
}

}  // namespace onda::cli
