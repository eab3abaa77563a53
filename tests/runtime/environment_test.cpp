#include "runtime/environment.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "onda/session.h"
#include "support/run_process.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

class EnvironmentTest : public testing::Test {
 protected:
  /// The probe in a process of its own, with an empty home.
  test::ProcessResult probe(const std::vector<std::string>& more = {}, const char* leaks = "detect_leaks=1") {
    std::vector<std::string> argv = {(test::binary_dir() / "onda_environment_probe").string(),
                                     test::model_path("tiny.onnx").string()};
    argv.insert(argv.end(), more.begin(), more.end());
    return test::run_process(argv, {.environment = {{"HOME", home_.path().string()},
                                                    {"XDG_CACHE_HOME", std::nullopt},
                                                    {"ONDA_CACHE_DIR", std::nullopt},
                                                    {"ORT_DISABLE_TELEMETRY", std::nullopt},
                                                    {"LSAN_OPTIONS", leaks}}});
  }

  test::TempDirectory home_;
};

TEST_F(EnvironmentTest, TelemetryIsOff) {
  const auto result = probe();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("threads_made=0\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("owns_environment=1\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("caveats=0\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("telemetry_variable=1\n"), std::string::npos) << result.out;
  EXPECT_TRUE(std::filesystem::is_empty(home_.path())) << "something was written to the user's home";
}

TEST_F(EnvironmentTest, WhereTheHostWasFirstNothingIsChangedAndItSaysSo) {
  // Its telemetry, which is on here, leaks 14 bytes that a leak sanitizer sees.
  const auto result = probe({"host-first", test::runtime().info().library.string()}, "detect_leaks=0");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("owns_environment=0\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("caveats=3\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("telemetry_variable=unset\n"), std::string::npos) << result.out;
}

TEST(EnvironmentLogTest, LinesBelowTheLevelAreDroppedAndAThrowingSinkIsHarmless) {
  std::vector<std::string> lines;
  const auto real = test::runtime();
  RuntimeOptions options;
  options.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
  const auto environment = Environment::create(real.environment()->api(), options);
  environment->log(LogLevel::info, "quiet");
  environment->log(LogLevel::warning, "loud");
  EXPECT_EQ(lines, std::vector<std::string>{"loud"});
  options.log = [](LogLevel, std::string_view) { throw std::runtime_error("sink"); };
  Environment::create(real.environment()->api(), options)->log(LogLevel::error, "x");
}

}  // namespace
}  // namespace onda::runtime
