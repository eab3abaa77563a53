#include "telemetry/log_line.h"

#include <charconv>
#include <iterator>

#include "base/process.h"
#include "base/quoted.h"
#include "onda/error.h"

namespace onda::telemetry {
namespace {

constexpr std::string_view kStandard = "default";
constexpr std::string_view kIso8601 = "ISO8601";

char letter_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return 'E';
    case LogLevel::warning:
      return 'W';
    case LogLevel::info:
    case LogLevel::verbose:
      break;
  }
  return 'I';
}

void append_number(std::string& out, std::int64_t number, std::size_t width = 0) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  const auto length = static_cast<std::size_t>(end - digits);
  if (length < width) out.append(width - length, '0');
  out.append(digits, length);
}

struct TimeOfDay {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::microseconds> time;
};

TimeOfDay utc(std::chrono::system_clock::time_point time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day),
          std::chrono::hh_mm_ss(std::chrono::floor<std::chrono::microseconds>(time - day))};
}

void append_date(std::string& out, const std::chrono::year_month_day& date, std::string_view separator) {
  append_number(out, static_cast<unsigned>(date.month()), 2);
  out += separator;
  append_number(out, static_cast<unsigned>(date.day()), 2);
}

void append_clock(std::string& out, const std::chrono::hh_mm_ss<std::chrono::microseconds>& time) {
  append_number(out, time.hours().count(), 2);
  out += ':';
  append_number(out, time.minutes().count(), 2);
  out += ':';
  append_number(out, time.seconds().count(), 2);
}

}  // namespace

std::string_view to_string(LogFormat format) noexcept {
  return format == LogFormat::iso8601 ? kIso8601 : kStandard;
}

LogFormat parse_log_format(std::string_view text) {
  if (text == kStandard) return LogFormat::standard;
  if (text == kIso8601) return LogFormat::iso8601;
  throw Error(ErrorCode::invalid_argument,
              "log_format is " + base::quoted(text) + "; expected \"default\" or \"ISO8601\"");
}

std::string log_line(const LogRecord& record, LogFormat format) {
  const TimeOfDay when = utc(record.time);
  std::string line;
  line.reserve(record.text.size() + 40);
  if (format == LogFormat::iso8601) {
    append_number(line, static_cast<int>(when.date.year()), 4);
    line += '-';
    append_date(line, when.date, "-");
    line += 'T';
    append_clock(line, when.time);
    line += "Z ";
    line += letter_of(record.level);
  } else {
    line += letter_of(record.level);
    append_date(line, when.date, "");
    line += ' ';
    append_clock(line, when.time);
    line += '.';
    append_number(line, when.time.subseconds().count(), 6);
  }
  line += ' ';
  append_number(line, base::process_id());
  line += ' ';
  line += record.text;
  return line;
}

}  // namespace onda::telemetry
