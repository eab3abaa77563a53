#include "telemetry/exposition.h"

#include <gtest/gtest.h>

#include <iostream>
#include <limits>
#include <optional>
#include <system_error>

#include "support/error_matchers.h"
#include "support/run_process.h"
#include "telemetry/process_metrics.h"

namespace onda::telemetry {
namespace {

using test::throws_error;

/// The sample's line without its end.
template <class Number>
std::string line_of(std::initializer_list<Label> labels, Number value) {
  Exposition exposition;
  exposition.family("m", MetricType::gauge, "h");
  const std::size_t head = exposition.text().size();
  exposition.sample("m", labels, value);
  std::string line = exposition.text().substr(head);
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  return line;
}

TEST(Exposition, AFamilyHasItsHelpAndItsTypeBeforeItsSamples) {
  Exposition exposition;
  exposition.family("a_total", MetricType::counter, "What a is");
  exposition.sample("a_total", {{"model", "m"}, {"version", "1"}}, 3);
  exposition.family("b", MetricType::gauge, "What b is").sample("b", {}, 4);
  EXPECT_EQ(exposition.text(),
            "# HELP a_total What a is\n# TYPE a_total counter\na_total{model=\"m\",version=\"1\"} 3\n"
            "# HELP b What b is\n# TYPE b gauge\nb 4\n");
}

TEST(Exposition, LabelsAreWrittenByName) {
  EXPECT_EQ(line_of({{"version", "1"}, {"reason", "REJECTED"}, {"model", "m"}}, 2),
            "m{model=\"m\",reason=\"REJECTED\",version=\"1\"} 2");
}

TEST(Exposition, EscapesWhatWouldEndALabelOrItsLine) {
  EXPECT_EQ(line_of({{"l", "a\\b\"c\nd"}}, 1), R"(m{l="a\\b\"c\nd"} 1)");
  EXPECT_EQ(line_of({{"l", "ü}, x=\"1"}}, 1), "m{l=\"ü}, x=\\\"1\"} 1");
}

TEST(Exposition, ReplacesBytesThatAreNoText) {
  EXPECT_EQ(line_of({{"l", "a\xFF\xC3"}}, 1), "m{l=\"a\xEF\xBF\xBD\xEF\xBF\xBD\"} 1");
}

TEST(Exposition, EscapesTheHelp) {
  Exposition exposition;
  exposition.family("m", MetricType::untyped, "a\\b\n\"c\"");
  EXPECT_EQ(exposition.text(), "# HELP m a\\\\b\\n\"c\"\n# TYPE m untyped\n");
}

TEST(Exposition, WritesNumbersAsShortAsTheyCanBe) {
  EXPECT_EQ(line_of({}, 0.1), "m 0.1");
  EXPECT_EQ(line_of({}, 2.0), "m 2");
  EXPECT_EQ(line_of({}, 1e300), "m 1e+300");
  EXPECT_EQ(line_of({}, std::numeric_limits<std::uint64_t>::max()), "m 18446744073709551615");
  EXPECT_EQ(line_of({}, std::numeric_limits<std::int64_t>::min()), "m -9223372036854775808");
}

TEST(Exposition, WritesWhatIsNoNumberAsPrometheusDoes) {
  EXPECT_EQ(line_of({}, std::numeric_limits<double>::quiet_NaN()), "m NaN");
  EXPECT_EQ(line_of({}, std::numeric_limits<double>::infinity()), "m +Inf");
  EXPECT_EQ(line_of({}, -std::numeric_limits<double>::infinity()), "m -Inf");
}

TEST(Exposition, PartsOfAHistogramBelongToItsFamily) {
  Exposition exposition;
  exposition.family("h", MetricType::histogram, "x");
  exposition.sample("h_bucket", {{"le", "+Inf"}}, 2).sample("h_sum", {}, 0.5).sample("h_count", {}, 2);
  EXPECT_NE(exposition.text().find("h_bucket{le=\"+Inf\"} 2\nh_sum 0.5\nh_count 2\n"), std::string::npos);
}

TEST(Exposition, RefusesASampleOfAnotherFamily) {
  Exposition exposition;
  EXPECT_TRUE(throws_error([&] { return &exposition.sample("a", {}, 1); }, ErrorCode::internal, "\"a\""));
  exposition.family("a", MetricType::counter, "x");
  EXPECT_TRUE(throws_error([&] { return &exposition.sample("b", {}, 1); }, ErrorCode::internal, "\"b\""));
  EXPECT_TRUE(throws_error([&] { return &exposition.sample("a_sum", {}, 1); }, ErrorCode::internal));
}

TEST(Exposition, RefusesNamesThatPrometheusDoesNotTake) {
  Exposition exposition;
  for (const char* name : {"", "1a", "a-b", "a b", "ä"}) {
    EXPECT_TRUE(throws_error([&] { return &exposition.family(name, MetricType::gauge, "x"); },
                             ErrorCode::internal, "metric"));
  }
  exposition.family("a:b_1", MetricType::gauge, "x");
  for (const char* name : {"", "1a", "a:b", "__a"}) {
    EXPECT_TRUE(throws_error(
        [&] {
          return &exposition.sample("a:b_1", {{name, "v"}}, 1);
        },
        ErrorCode::internal, "label"));
  }
}

TEST(Exposition, PrometheusOwnCheckFindsNothing) {
  Exposition exposition;
  exposition.family("onda_odd_total", MetricType::counter, "A help with \\ and\na second line");
  exposition.sample("onda_odd_total", {{"z", "a\\b\"c\nd"}, {"a", "\xFF"}}, 1.5);
  exposition.family("onda_long_seconds", MetricType::histogram, "A histogram");
  exposition.sample("onda_long_seconds_bucket", {{"le", "0.5"}}, 1);
  exposition.sample("onda_long_seconds_bucket", {{"le", "+Inf"}}, 2);
  exposition.sample("onda_long_seconds_sum", {}, 2.25).sample("onda_long_seconds_count", {}, 2);
  write_process_metrics(exposition);

  std::optional<test::ProcessResult> checked;
  try {
    checked = test::run_process({"promtool", "check", "metrics"}, {.input = exposition.text()});
  } catch (const std::system_error& error) {
    GTEST_SKIP() << "promtool cannot be run: " << error.what();
  }
  EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err << exposition.text();
}

}  // namespace
}  // namespace onda::telemetry
