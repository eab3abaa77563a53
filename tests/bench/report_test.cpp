#include "bench/harness/report.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/temp_directory.h"

namespace onda::bench {
namespace {

Row row_with(Goal goal, double low, double high) {
  return {.name = "n",
          .value = 1,
          .unit = "ms",
          .reference = "r",
          .ratio = 1,
          .ci_low = low,
          .ci_high = high,
          .samples = 9,
          .goal = goal};
}

const Circumstances kCircumstances{
    .commit = "abc", .cpu = "A \"quick\" CPU", .cores = 2, .onnxruntime = "1.29.0"};

TEST(IsMet, AsksTheWorseEndOfTheInterval) {
  const Goal at_most{.of = Goal::Of::ratio, .bound = Goal::Bound::at_most, .limit = 1.02};
  EXPECT_EQ(is_met(row_with(at_most, 0.99, 1.02)), true);
  EXPECT_EQ(is_met(row_with(at_most, 0.99, 1.03)), false);
  const Goal at_least{.of = Goal::Of::value, .bound = Goal::Bound::at_least, .limit = 3};
  EXPECT_EQ(is_met(row_with(at_least, 3, 5)), true);
  EXPECT_EQ(is_met(row_with(at_least, 2.9, 5)), false);
  EXPECT_EQ(is_met(Row{}), std::nullopt);
}

TEST(IsMet, AsksTheMedianWhereTheGoalSaysSo) {
  const Goal goal{.of = Goal::Of::ratio, .bound = Goal::Bound::at_least, .limit = 0.98, .of_median = true};
  EXPECT_EQ(is_met(row_with(goal, 0.9, 1.1)), true);
  EXPECT_EQ(goal_text(row_with(goal, 0.9, 1.1)), "median ratio >= 0.98");
}

TEST(GoalText, NamesWhatIsBounded) {
  EXPECT_EQ(goal_text(row_with({.of = Goal::Of::ratio, .limit = 0.2}, 0, 0)), "ratio <= 0.2");
  EXPECT_EQ(goal_text(row_with({.of = Goal::Of::value, .bound = Goal::Bound::at_least, .limit = 10}, 0, 0)),
            "value >= 10 ms");
  EXPECT_EQ(goal_text(Row{}), "");
}

TEST(Rows, TakeTheIntervalOfWhatTheyAreAbout) {
  const auto comparison = compare({.ours = {3, 3, 3, 3, 3, 3}, .reference = {2, 2, 2, 2, 2, 2}});
  const Row ratio = ratio_row("a", "ms", "b", comparison, {});
  EXPECT_EQ(ratio.value, 3);
  EXPECT_EQ(ratio.ratio, 1.5);
  EXPECT_EQ(ratio.ci_high, 1.5);
  const Row difference = difference_row("a", "ms", "b", comparison, {});
  EXPECT_EQ(difference.value, 1);
  EXPECT_EQ(difference.ratio, 1.5);
  EXPECT_EQ(difference.ci_low, 1);
  const Row value = value_row("a", "MB", comparison.ours, {}, "b", 12);
  EXPECT_EQ(value.ratio, 0.25);
  EXPECT_EQ(value.ci_low, 3);
}

TEST(Table, AlignsItsColumns) {
  Row longer = row_with({.of = Goal::Of::ratio, .limit = 2}, 1, 3);
  longer.name = "a much longer name";
  const auto table = to_table({row_with({.of = Goal::Of::ratio, .limit = 2}, 1, 2), longer}, kCircumstances);
  std::istringstream lines(table);
  std::string heading, first, second, last;
  std::getline(lines, heading);
  std::getline(lines, first);
  std::getline(lines, second);
  std::getline(lines, last);
  EXPECT_EQ(heading.find("goal"), first.find("ratio <="));
  EXPECT_EQ(first.find("ratio <="), second.find("ratio <="));
  EXPECT_TRUE(first.ends_with("yes")) << first;
  EXPECT_TRUE(second.ends_with("NO")) << second;
  EXPECT_EQ(last, "commit abc, A \"quick\" CPU, 2 cores, ONNX Runtime 1.29.0");
}

TEST(Json, IsAListOfRowsAndTheCircumstances) {
  Row plain{.name = "tab\there", .value = 0.1, .unit = "us", .ci_low = 0.05, .ci_high = 0.2, .samples = 6};
  const std::string text =
      to_json({row_with({.of = Goal::Of::ratio, .limit = 2}, 1, 1.5), plain}, kCircumstances);
  simdjson::dom::parser parser;
  const simdjson::dom::array list = parser.parse(text).get_array();
  ASSERT_EQ(list.size(), 3U);
  const auto first = list.at(0);
  for (const char* key :
       {"name", "value", "unit", "reference", "ratio", "ci_low", "ci_high", "samples", "goal", "met"}) {
    EXPECT_EQ(first[key].error(), simdjson::SUCCESS) << key;
  }
  EXPECT_EQ(std::string_view(first["goal"]), "ratio <= 2");
  EXPECT_EQ(bool(first["met"]), true);
  EXPECT_EQ(double(first["ci_high"]), 1.5);
  const auto second = list.at(1);
  EXPECT_EQ(std::string_view(second["name"]), "tab\there");
  EXPECT_EQ(double(second["value"]), 0.1);
  for (const char* key : {"reference", "ratio", "goal", "met"}) EXPECT_TRUE(second[key].is_null()) << key;
  const auto last = list.at(2);
  EXPECT_EQ(std::string_view(last["cpu"]), "A \"quick\" CPU");
  EXPECT_EQ(int64_t(last["cores"]), 2);
  EXPECT_EQ(std::string_view(last["commit"]), "abc");
  EXPECT_EQ(std::string_view(last["onnxruntime"]), "1.29.0");
}

TEST(Publish, WritesTheFileWhole) {
  const test::TempDirectory directory;
  setenv("ONDA_BENCH_OUTPUT", (directory.path() / "made").c_str(), 1);
  publish("name", {row_with({.of = Goal::Of::ratio, .limit = 2}, 1, 1.5)}, kCircumstances);
  unsetenv("ONDA_BENCH_OUTPUT");
  std::ifstream stream(directory.path() / "made" / "name.json");
  std::stringstream text;
  text << stream.rdbuf();
  EXPECT_EQ(text.str(), to_json({row_with({.of = Goal::Of::ratio, .limit = 2}, 1, 1.5)}, kCircumstances));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "made" / "name.json.unfinished"));
}

TEST(Circumstances, AreThoseOfThisMachine) {
  const auto present = present_circumstances("9.9");
  EXPECT_GE(present.cores, 1);
  EXPECT_FALSE(present.commit.empty());
  EXPECT_EQ(present.onnxruntime, "9.9");
}

}  // namespace
}  // namespace onda::bench
