#include "cli/log_lines.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include "cli/console.h"

namespace onda::cli {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::verbose:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made =
        std::make_shared<spdlog::logger>("onda", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  return *instance;
}

}  // namespace

LogSink log_to_standard_error(LogLevel level) {
  return [level](LogLevel of_line, std::string_view text) {
    if (of_line < level) return;
    // A sink must not throw; a line that cannot be written is lost.
    try {
      logger().log(spdlog_level(of_line), spdlog::string_view_t(single_line(text)));
    } catch (...) {
    }
  };
}

}  // namespace onda::cli
