#include "telemetry/log_settings.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

#include "support/error_matchers.h"

namespace onda::telemetry {
namespace {

using test::throws_error;

auto updating(LogSettings& settings, LogSettingsUpdate update) {
  return [&settings, update = std::move(update)] {
    settings.update(update);
    return 0;
  };
}

TEST(LogSettings, AllButVerboseLinesPassAtFirst) {
  const LogSettings settings;
  EXPECT_TRUE(settings.passes(LogLevel::info));
  EXPECT_TRUE(settings.passes(LogLevel::warning));
  EXPECT_TRUE(settings.passes(LogLevel::error));
  EXPECT_FALSE(settings.passes(LogLevel::verbose));
  EXPECT_EQ(settings.format(), LogFormat::standard);
}

TEST(LogSettings, ShowsWhatItWasMadeWith) {
  const LogSettings settings({.log_file = "a.log",
                              .log_info = false,
                              .log_warning = true,
                              .log_error = false,
                              .log_verbose_level = std::numeric_limits<std::uint32_t>::max(),
                              .log_format = LogFormat::iso8601});
  const LogSettingsValues values = settings.snapshot();
  EXPECT_EQ(values.log_file, "a.log");
  EXPECT_FALSE(values.log_info);
  EXPECT_TRUE(values.log_warning);
  EXPECT_FALSE(values.log_error);
  EXPECT_EQ(values.log_verbose_level, std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(values.log_format, LogFormat::iso8601);
}

TEST(LogSettings, AnUpdateChangesWhatItNamesAndTakesEffect) {
  LogSettings settings;
  settings.update({.log_info = false, .log_verbose_level = 2, .log_format = "ISO8601"});
  EXPECT_FALSE(settings.passes(LogLevel::info));
  EXPECT_TRUE(settings.passes(LogLevel::verbose));
  EXPECT_TRUE(settings.passes(LogLevel::warning));
  EXPECT_EQ(settings.format(), LogFormat::iso8601);
  EXPECT_EQ(settings.snapshot().log_verbose_level, 2U);
  settings.update({.log_info = true, .log_warning = false, .log_error = false, .log_verbose_level = 0});
  EXPECT_TRUE(settings.passes(LogLevel::info));
  EXPECT_FALSE(settings.passes(LogLevel::warning));
  EXPECT_FALSE(settings.passes(LogLevel::error));
  EXPECT_FALSE(settings.passes(LogLevel::verbose));
  EXPECT_EQ(settings.format(), LogFormat::iso8601) << "stays where it is not named";
  settings.update({});
  EXPECT_EQ(settings.format(), LogFormat::iso8601);
}

TEST(LogSettings, TheFileIsReadOnly) {
  LogSettings settings;
  EXPECT_TRUE(throws_error(updating(settings, {.log_file = "x", .log_info = false}), ErrorCode::unimplemented,
                           "log file location can not be updated through network protocol"));
  EXPECT_TRUE(settings.passes(LogLevel::info));
  EXPECT_EQ(settings.snapshot().log_file, "");
}

TEST(LogSettings, ABadValueChangesNothing) {
  LogSettings settings;
  EXPECT_TRUE(throws_error(updating(settings, {.log_info = false, .log_verbose_level = -1}),
                           ErrorCode::invalid_argument, "log_verbose_level is -1"));
  EXPECT_TRUE(
      throws_error(updating(settings, {.log_info = false, .log_verbose_level = std::int64_t{1} << 32U}),
                   ErrorCode::invalid_argument, "4294967296", "4294967295"));
  EXPECT_TRUE(throws_error(updating(settings, {.log_info = false, .log_format = "json"}),
                           ErrorCode::invalid_argument, "\"json\""));
  EXPECT_TRUE(settings.passes(LogLevel::info));
  EXPECT_EQ(settings.snapshot().log_verbose_level, 0U);
  EXPECT_EQ(settings.format(), LogFormat::standard);
}

TEST(LogSettingsThreads, UpdatesOfDifferentSettingsDoNotUndoEachOther) {
  LogSettings settings;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    for (int i = 0; i <= 1000; ++i) settings.update({.log_verbose_level = i});
  });
  threads.emplace_back([&] {
    for (int i = 0; i <= 1000; ++i) {
      const bool is_on = i % 2 == 1;
      settings.update({.log_info = is_on, .log_warning = is_on});
      const LogSettingsValues now = settings.snapshot();
      EXPECT_EQ(now.log_info, is_on);
      EXPECT_EQ(now.log_warning, is_on);
    }
  });
  threads.clear();
  EXPECT_EQ(settings.snapshot().log_verbose_level, 1000U);
  EXPECT_FALSE(settings.passes(LogLevel::info));
}

}  // namespace
}  // namespace onda::telemetry
