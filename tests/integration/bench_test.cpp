// onda bench: the figures are there and plausible. Nothing here depends on how fast the machine is.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "program.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> split(const std::string& line, char at) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, at);) cells.push_back(cell);
  return cells;
}

TEST(Bench, SweepsEveryCombinationIntoOneTable) {
  const auto result = run_onda({"bench", test_model("tiny.onnx"), "--batch", "1,3", "--threads", "1,2",
                                "--concurrency", "1,2", "--iterations", "40", "--warm-up", "1ms", "--csv"});
  ASSERT_TRUE(succeeded(result));
  const auto lines = split(result.out, '\n');
  ASSERT_EQ(lines.size(), 9U) << result.out;
  const auto headings = split(lines[0], ',');
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(headings.begin(), headings.end(), name) - headings.begin());
  };
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], ',');
    ASSERT_EQ(cells.size(), headings.size()) << lines[i];
    EXPECT_EQ(cells[column("runs")], "40");
    const double p50 = std::stod(cells[column("p50_seconds")]);
    const double p99 = std::stod(cells[column("p99_seconds")]);
    EXPECT_GT(p50, 0);
    EXPECT_LE(p50, p99);
    EXPECT_LE(p99, std::stod(cells[column("max_seconds")]));
    EXPECT_GT(std::stod(cells[column("peak_memory_bytes")]), 1e6);
    // ONNX Runtime allocates in every run; a count of none would mean that nothing is counted.
    EXPECT_GE(std::stod(cells[column("allocations_per_run")]), 1);
    EXPECT_NEAR(std::stod(cells[column("items_per_second")]),
                std::stod(cells[column("runs_per_second")]) * std::stod(cells[column("batch")]), 1e-3);
  }
}

TEST(Bench, WritesAChartAndATable) {
  const TempDirectory directory;
  const auto chart = directory / "chart.svg";
  const auto result = run_onda({"bench", test_model("tiny.onnx"), "--batch", "1,2", "--iterations", "10",
                                "--warm-up", "1ms", "--plot", chart.string()});
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(contains(result.out, "p50")) << result.out;
  EXPECT_TRUE(read_text(chart).starts_with("<svg"));
}

TEST(Bench, PrintsJson) {
  const auto result =
      run_onda({"bench", test_model("tiny.onnx"), "--duration", "20ms", "--warm-up", "1ms", "--json"});
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(contains(result.out, "\"p50_seconds\": ")) << result.out;
}

TEST(Bench, TellsWhatTheRecyclingAllocatorDid) {
  const std::vector<std::string> arguments = {
      "bench",      test_model("transformer.onnx"), "--iterations", "50", "--warm-up", "1ms", "--dimension",
      "sequence=16"};
  auto more = arguments;
  more.insert(more.end(), {"--memory-budget", "50%"});
  const auto text = run_onda(more);
  ASSERT_TRUE(succeeded(text));
  for (const auto* part : {"memory: recycling", " live, ", " held (", " fragmentation), ", " peak, budget ",
                           " allocations, ", " hits, ", " misses, ", " trims"}) {
    EXPECT_TRUE(contains(text.out, part)) << part << text.out;
  }
  EXPECT_FALSE(contains(text.out, "budget none"));
  more.emplace_back("--json");
  const auto json = run_onda(more);
  for (const auto* part :
       {"\"strategy\": \"recycling\"", "\"live_bytes\": ", "\"held_bytes\": ", "\"peak_bytes\": ",
        "\"budget_bytes\": ", "\"allocations\": ", "\"cache_hits\": ", "\"cache_misses\": ", "\"trims\": ",
        "\"fragmentation\": ", "\"peak_run_bytes\": "}) {
    EXPECT_TRUE(contains(json.out, part)) << part << json.out;
  }
}

TEST(Bench, RunsUnderEachMemoryStrategy) {
  for (const std::string strategy : {"recycling", "arena", "system"}) {
    const auto result = run_onda(
        {"bench", test_model("tiny.onnx"), "--iterations", "5", "--warm-up", "1ms", "--memory", strategy});
    ASSERT_TRUE(succeeded(result));
    EXPECT_TRUE(contains(result.out, "memory: " + strategy)) << result.out;
  }
  EXPECT_TRUE(failed_clearly(run_onda({"bench", test_model("tiny.onnx"), "--memory", "arna"}),
                             {"--memory", "did you mean arena?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"bench", test_model("tiny.onnx"), "--memory-budget", "lots"}),
                             {"--memory-budget", "512M"}, 2));
}

TEST(Bench, TakesSizesOfDynamicDimensionsAndTellsWhichItGuessed) {
  const std::vector<std::string> arguments = {
      "bench", test_model("transformer.onnx"), "--iterations", "5", "--warm-up", "1ms"};
  EXPECT_TRUE(contains(run_onda(arguments).err, "taken as 1: sequence"));
  auto sized = arguments;
  sized.insert(sized.end(), {"--dimension", "sequence=7"});
  EXPECT_TRUE(succeeded(run_onda(sized)));
  auto mistyped = arguments;
  mistyped.insert(mistyped.end(), {"--dimension", "sequnce=7"});
  EXPECT_TRUE(failed_clearly(run_onda(mistyped), {"did you mean sequence?"}));
}

TEST(Bench, TakesAFileAndRepeatsItToTheBatch) {
  EXPECT_TRUE(succeeded(run_onda({"bench", digits("digits.onnx"), "--input", digits("images/7_0017.png"),
                                  "--batch", "4", "--iterations", "5", "--warm-up", "1ms"})));
}

TEST(Bench, SaysWhereTheSystemGivesTooFewThreads) {
  // 1024 stacks of 8 MB are more than 3 GB of addresses.
  const auto result = run_process({"sh", "-c", "ulimit -s 8192; ulimit -v 3000000; exec \"$@\"", "sh",
                                   (binary_dir() / "onda").string(), "bench", test_model("tiny.onnx"),
                                   "--concurrency", "1024", "--threads", "1", "--iterations", "1"});
  EXPECT_TRUE(failed_clearly(result, {"threads", "1024 callers"}));
}

TEST(Bench, RefusesAChartInAFormThatItDoesNotWrite) {
  EXPECT_TRUE(failed_clearly(run_onda({"bench", test_model("tiny.onnx"), "--plot", "chart.png"}),
                             {"chart.png", ".svg"}, 2));
}

TEST(Bench, RefusesABatchThatTheModelCannotTake) {
  EXPECT_TRUE(failed_clearly(run_onda({"bench", test_model("fixed_shape.onnx"), "--batch", "4"}),
                             {"--batch 4", "fixed"}));
}

}  // namespace
}  // namespace onda::test
