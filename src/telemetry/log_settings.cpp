#include "telemetry/log_settings.h"

#include <limits>
#include <utility>

#include "onda/error.h"

namespace onda::telemetry {
namespace {

constexpr std::uint64_t kInfo = 1;
constexpr std::uint64_t kWarning = 2;
constexpr std::uint64_t kError = 4;
constexpr std::uint64_t kIso8601 = 8;
constexpr unsigned kVerboseShift = 32;

// Relaxed throughout: the word is all there is, nothing else is published with it.
constexpr auto kRelaxed = std::memory_order_relaxed;

std::uint64_t pack(const LogSettingsValues& values) {
  return (values.log_info ? kInfo : 0) | (values.log_warning ? kWarning : 0) |
         (values.log_error ? kError : 0) | (values.log_format == LogFormat::iso8601 ? kIso8601 : 0) |
         std::uint64_t{values.log_verbose_level} << kVerboseShift;
}

LogFormat format_of(std::uint64_t word) {
  return (word & kIso8601) != 0 ? LogFormat::iso8601 : LogFormat::standard;
}

LogSettingsValues unpack(std::uint64_t word, const std::string& log_file) {
  return {.log_file = log_file,
          .log_info = (word & kInfo) != 0,
          .log_warning = (word & kWarning) != 0,
          .log_error = (word & kError) != 0,
          .log_verbose_level = static_cast<std::uint32_t>(word >> kVerboseShift),
          .log_format = format_of(word)};
}

std::uint32_t verbose_level(std::int64_t level) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (level >= 0 && level <= kMost) return static_cast<std::uint32_t>(level);
  throw Error(ErrorCode::invalid_argument, "log_verbose_level is " + std::to_string(level) +
                                               "; expected a number from 0 to " + std::to_string(kMost));
}

}  // namespace

LogSettings::LogSettings(LogSettingsValues initial)
    : log_file_(std::move(initial.log_file)), word_(pack(initial)) {}

bool LogSettings::passes(LogLevel level) const noexcept {
  const std::uint64_t word = word_.load(kRelaxed);
  switch (level) {
    case LogLevel::verbose:
      return word >> kVerboseShift != 0;
    case LogLevel::info:
      return (word & kInfo) != 0;
    case LogLevel::warning:
      return (word & kWarning) != 0;
    case LogLevel::error:
      return (word & kError) != 0;
  }
  return true;
}

LogFormat LogSettings::format() const noexcept { return format_of(word_.load(kRelaxed)); }

LogSettingsValues LogSettings::snapshot() const { return unpack(word_.load(kRelaxed), log_file_); }

void LogSettings::update(const LogSettingsUpdate& update) {
  if (update.log_file) {
    throw Error(ErrorCode::unimplemented, "log file location can not be updated through network protocol");
  }
  std::uint64_t touched = 0;
  LogSettingsValues wanted;
  const auto take_flag = [&](const std::optional<bool>& given, std::uint64_t bit, bool& value) {
    if (!given) return;
    value = *given;
    touched |= bit;
  };
  take_flag(update.log_info, kInfo, wanted.log_info);
  take_flag(update.log_warning, kWarning, wanted.log_warning);
  take_flag(update.log_error, kError, wanted.log_error);
  if (update.log_verbose_level) {
    wanted.log_verbose_level = verbose_level(*update.log_verbose_level);
    touched |= ~std::uint64_t{0} << kVerboseShift;
  }
  if (update.log_format) {
    wanted.log_format = parse_log_format(*update.log_format);
    touched |= kIso8601;
  }
  const std::uint64_t bits = pack(wanted) & touched;
  std::uint64_t before = word_.load(kRelaxed);
  while (!word_.compare_exchange_weak(before, (before & ~touched) | bits, kRelaxed)) {
  }
}

}  // namespace onda::telemetry
