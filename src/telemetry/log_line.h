#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "onda/log.h"

namespace onda::telemetry {

/// How a log line begins. `standard` is what the protocol calls "default".
enum class LogFormat : std::uint8_t { standard, iso8601 };

/// As the protocol's log settings spell it.
[[nodiscard]] std::string_view to_string(LogFormat format) noexcept;
/// Throws invalid_argument for another spelling.
[[nodiscard]] LogFormat parse_log_format(std::string_view text);

struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view text{};  ///< one line without its end; borrowed
  std::chrono::system_clock::time_point time{};
};

/// The line without its end, with level, time (UTC) and this process's number in front of the text:
///   standard   I1125 19:02:37.123456 4711 text
///   iso8601    2026-11-25T19:02:37Z I 4711 text
/// The level's letter is E, W or I; verbose lines have I too, as readers of such logs expect.
[[nodiscard]] std::string log_line(const LogRecord& record, LogFormat format);

}  // namespace onda::telemetry
