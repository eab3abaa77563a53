#include "telemetry/tracer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/kernel_text.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::telemetry {
namespace {

using std::chrono::nanoseconds;
using test::TempDirectory;
using test::throws_error;

TraceTimes::Time at(std::int64_t ns) { return TraceTimes::Time(nanoseconds(ns)); }

const TraceTimes kTimes = {.request_start = at(1),
                           .queue_start = at(2),
                           .compute_start = at(3),
                           .compute_input_end = at(4),
                           .compute_output_start = at(5),
                           .compute_end = at(6),
                           .request_end = at(7'000'000'000'000)};

/// A sink that keeps what it is told.
struct Log {
  std::vector<std::string> lines;
  LogSink sink() {
    return [this](LogLevel level, std::string_view text) {
      EXPECT_EQ(level, LogLevel::error);
      lines.emplace_back(text);
    };
  }
};

TEST(Tracer, WritesOneJsonLineARequest) {
  const TempDirectory directory;
  Log log;
  Tracer tracer(directory / "t.json", log.sink());
  tracer.write({.model_name = "m", .model_version = 3, .request_id = "r1", .times = kTimes});
  tracer.write(
      {.model_name = "n", .model_version = 1, .times = {.request_start = at(8), .request_end = at(9)}});
  EXPECT_EQ(
      base::kernel_text(directory / "t.json"),
      R"({"id":1,"model_name":"m","model_version":3,"request_id":"r1","timestamps":[)"
      R"({"name":"REQUEST_START","ns":1},{"name":"QUEUE_START","ns":2},{"name":"COMPUTE_START","ns":3},)"
      R"({"name":"COMPUTE_INPUT_END","ns":4},{"name":"COMPUTE_OUTPUT_START","ns":5},)"
      R"({"name":"COMPUTE_END","ns":6},{"name":"REQUEST_END","ns":7000000000000}]})"
      "\n"
      R"({"id":2,"model_name":"n","model_version":1,"request_id":"","timestamps":[)"
      R"({"name":"REQUEST_START","ns":8},{"name":"REQUEST_END","ns":9}]})"
      "\n");
  EXPECT_EQ(tracer.lines(), 2U);
  EXPECT_EQ(tracer.errors(), 0U);
  EXPECT_TRUE(log.lines.empty());
}

TEST(Tracer, AClientsIdCannotBreakTheLine) {
  const TempDirectory directory;
  Tracer tracer(directory / "t.json", {});
  tracer.write({.model_name = "m", .request_id = "a\"b\\c\nd\x01 \xC3\xBC \xFF"});
  EXPECT_EQ(base::kernel_text(directory / "t.json"),
            R"({"id":1,"model_name":"m","model_version":0,"request_id":"a\"b\\c\u000ad\u0001 )"
            "\xC3\xBC \xEF\xBF\xBD"
            "\",\"timestamps\":[]}\n");
}

TEST(Tracer, ALongIdIsCutBetweenCharacters) {
  const TempDirectory directory;
  Tracer tracer(directory / "t.json", {});
  tracer.write({.request_id = std::string(511, 'x') + "\xC3\xBC and more"});
  const std::string text = base::kernel_text(directory / "t.json");
  EXPECT_NE(text.find("\"" + std::string(511, 'x') + "\","), std::string::npos) << text;
}

TEST(Tracer, WithoutAFileNothingIsWrittenAndNothingIsWrong) {
  Log log;
  Tracer tracer(std::nullopt, log.sink());
  tracer.write({.model_name = "m", .times = kTimes});
  EXPECT_EQ(tracer.lines(), 0U);
  EXPECT_EQ(tracer.errors(), 0U);
  EXPECT_TRUE(log.lines.empty());
}

TEST(Tracer, AFileThatCannotBeOpenedIsAnErrorAtOnce) {
  const TempDirectory directory;
  EXPECT_TRUE(throws_error(
      [&] {
        const Tracer tracer(directory / "absent/t.json", {});
        return 0;
      },
      ErrorCode::not_found, "t.json"));
}

TEST(Tracer, CountsWhatCannotBeWrittenAndSaysSoOnce) {
  Log log;
  Tracer tracer("/dev/full", log.sink());
  for (int i = 0; i < 3; ++i) tracer.write({.model_name = "m", .times = kTimes});
  EXPECT_EQ(tracer.errors(), 3U);
  EXPECT_EQ(tracer.lines(), 0U);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_NE(log.lines[0].find("cannot write to \"/dev/full\": No space left on device"), std::string::npos)
      << log.lines[0];
  Tracer silent("/dev/full", {});
  silent.write({.model_name = "m"});
  EXPECT_EQ(silent.errors(), 1U);
}

TEST(TracerThreads, EachRequestHasItsLineAndItsNumber) {
  const TempDirectory directory;
  Tracer tracer(directory / "t.json", {});
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kRounds = 200;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t round = 0; round < kRounds; ++round)
        tracer.write({.model_name = "m", .times = kTimes});
    });
  }
  threads.clear();
  EXPECT_EQ(tracer.lines(), kThreads * kRounds);
  const std::string text = base::kernel_text(directory / "t.json");
  std::set<std::string> ids;
  for (const std::string_view line : base::split(text, '\n')) {
    ASSERT_TRUE(line.starts_with("{\"id\":") && line.ends_with("\"ns\":7000000000000}]}")) << line;
    ids.emplace(line.substr(0, line.find(',')));
  }
  EXPECT_EQ(ids.size(), kThreads * kRounds);
}

}  // namespace
}  // namespace onda::telemetry
