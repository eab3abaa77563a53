#include "telemetry/log_line.h"

#include <gtest/gtest.h>

#include "base/process.h"
#include "support/error_matchers.h"

namespace onda::telemetry {
namespace {

using std::chrono::system_clock;
using test::throws_error;
using namespace std::chrono_literals;

constexpr system_clock::time_point kTime =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + 19h + 2min + 37s + 123456us;

std::string pid() { return std::to_string(base::process_id()); }

std::string line(LogLevel level, LogFormat format, system_clock::time_point time = kTime) {
  return log_line({.level = level, .text = "a text", .time = time}, format);
}

TEST(LogLine, TheStandardFormatBeginsWithTheLevelAndTheDay) {
  EXPECT_EQ(line(LogLevel::info, LogFormat::standard), "I1125 19:02:37.123456 " + pid() + " a text");
  EXPECT_EQ(line(LogLevel::error, LogFormat::standard), "E1125 19:02:37.123456 " + pid() + " a text");
}

TEST(LogLine, Iso8601BeginsWithTheTime) {
  EXPECT_EQ(line(LogLevel::warning, LogFormat::iso8601), "2026-11-25T19:02:37Z W " + pid() + " a text");
  EXPECT_EQ(line(LogLevel::verbose, LogFormat::iso8601), "2026-11-25T19:02:37Z I " + pid() + " a text");
}

TEST(LogLine, SmallNumbersAreFilledUp) {
  const auto time = std::chrono::sys_days(std::chrono::year(2027) / 1 / 2) + 3h + 4min + 5s + 6us;
  EXPECT_EQ(line(LogLevel::info, LogFormat::standard, time), "I0102 03:04:05.000006 " + pid() + " a text");
  EXPECT_EQ(line(LogLevel::info, LogFormat::iso8601, time), "2027-01-02T03:04:05Z I " + pid() + " a text");
}

TEST(LogLine, ATimeBeforeTheEpochIsRoundedDown) {
  EXPECT_EQ(line(LogLevel::info, LogFormat::standard, system_clock::time_point(-1us)),
            "I1231 23:59:59.999999 " + pid() + " a text");
}

TEST(LogLine, FormatsAreSpelledAsTheProtocolDoes) {
  for (const LogFormat format : {LogFormat::standard, LogFormat::iso8601}) {
    EXPECT_EQ(parse_log_format(to_string(format)), format);
  }
  EXPECT_EQ(to_string(LogFormat::standard), "default");
  EXPECT_EQ(to_string(LogFormat::iso8601), "ISO8601");
  EXPECT_TRUE(throws_error([] { return parse_log_format("iso8601"); }, ErrorCode::invalid_argument,
                           "log_format", "\"iso8601\"", "\"default\"", "\"ISO8601\""));
}

}  // namespace
}  // namespace onda::telemetry
