#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "onda/log.h"
#include "telemetry/log_line.h"

namespace onda::telemetry {

/// The log settings that the protocol shows.
struct LogSettingsValues {
  std::string log_file{};  ///< empty: none, lines go to standard error
  bool log_info = true;
  bool log_warning = true;
  bool log_error = true;
  std::uint32_t log_verbose_level = 0;
  LogFormat log_format = LogFormat::standard;
};

/// What a client asks to change; the rest stays.
struct LogSettingsUpdate {
  std::optional<std::string> log_file{};
  std::optional<bool> log_info{};
  std::optional<bool> log_warning{};
  std::optional<bool> log_error{};
  std::optional<std::int64_t> log_verbose_level{};  ///< as wide as what clients can send
  std::optional<std::string> log_format{};
};

/// Which log lines are written, and how; changed while the server runs. Safe from any thread.
class LogSettings {
 public:
  explicit LogSettings(LogSettingsValues initial = {});

  /// Whether lines of this level are written: verbose ones from verbose level 1 on. One atomic load.
  [[nodiscard]] bool passes(LogLevel level) const noexcept;
  [[nodiscard]] LogFormat format() const noexcept;

  /// All values as they were at one moment.
  [[nodiscard]] LogSettingsValues snapshot() const;

  /// All of it or, when it throws, nothing. Throws unimplemented when it names a log file, invalid_argument
  /// for a format or a verbose level that there is not.
  void update(const LogSettingsUpdate& update);

 private:
  const std::string log_file_;
  /// All that can change in one word, so that no reader sees half of an update.
  std::atomic<std::uint64_t> word_;
};

}  // namespace onda::telemetry
