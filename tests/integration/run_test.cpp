// onda run: what goes in and what comes out.
#include <gtest/gtest.h>

#include <filesystem>

#include "program.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ProcessOptions with_input(std::string text) {
  ProcessOptions options;
  options.input = std::move(text);
  return options;
}

TEST(Run, ShowsASummaryOfEachOutput) {
  const auto result =
      run_onda({"run", test_model("split.onnx"), "--input", "-"}, with_input("[1, 2, 3, 4, 5, 6]"));
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(result.out,
            "a  float32 [1,1]\n  1\nb  float32 [1,2]  min 2  max 3  mean 2.5\n  2 3\n"
            "c  float32 [1,3]  min 4  max 6  mean 5\n  4 5 6\n");
}

TEST(Run, WritesJsonToStandardOutput) {
  const auto result = run_onda({"run", test_model("no_softmax.onnx"), "--input", "x=-", "--output", "-"},
                               with_input("[[1, 2, 3, 4]]"));
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(result.out,
            "{\n  \"name\": \"y\",\n  \"dtype\": \"float32\",\n  \"shape\": [1, 3],\n  \"data\": [\n    [6, "
            "7, 8]\n  ]\n}\n");
}

class EveryFileFormat : public testing::TestWithParam<const char*> {};

TEST_P(EveryFileFormat, CarriesATensorOutAndBackIn) {
  const TempDirectory directory;
  const auto first = directory.write("x.json", "[[1.5, -2, 3e10, 0.1]]");
  const std::string file = (directory / ("y." + std::string(GetParam()))).string();
  const std::string model = test_model("identity_float32.onnx");
  ASSERT_TRUE(succeeded(run_onda({"run", model, "--input", first.string(), "--output", file})));
  const auto direct = run_onda({"run", model, "--input", first.string(), "--output", "-"});
  const auto again = run_onda({"run", model, "--input", file, "--output", "-"});
  ASSERT_TRUE(succeeded(again));
  EXPECT_EQ(again.out, direct.out);
  EXPECT_TRUE(contains(again.out, "[1.5, -2, 3e+10, 0.1]")) << again.out;
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFileFormat, testing::Values("npy", "pb", "json", "raw"));

TEST(Run, KeepsToTheMemoryBudget) {
  const std::vector<std::string> arguments = {
      "run", test_model("range_int64.onnx"), "--input", "-", "--memory-budget", "16M", "--json"};
  EXPECT_TRUE(succeeded(run_onda(arguments, with_input("1000"))));
  EXPECT_TRUE(failed_clearly(run_onda(arguments, with_input("1000000000000")), {"budget is 16.0 MB"}));
}

TEST(Run, CarriesStringsThroughFiles) {
  const TempDirectory directory;
  const std::string model = test_model("identity_string.onnx");
  for (const auto* name : {"y.npy", "y.pb", "y.json"}) {
    const std::string file = (directory / name).string();
    ASSERT_TRUE(succeeded(run_onda({"run", model, "--input", "-", "--output", file},
                                   with_input(R"([["a", "größe", "", "x y"]])"))));
    const auto again = run_onda({"run", model, "--input", file, "--output", "-"});
    EXPECT_TRUE(contains(again.out, R"(["a", "größe", "", "x y"])")) << name << again.out << again.err;
  }
}

TEST(Run, ReadsRawElementsOfAGivenTypeAndShape) {
  const TempDirectory directory;
  const std::string bytes("\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0", 16);
  const auto file = directory.write("x", bytes).string();
  const std::string model = test_model("identity_int32.onnx");
  const auto shaped =
      run_onda({"run", model, "--input", file, "--dtype", "i32", "--shape", "-1,4", "--output", "-"});
  EXPECT_TRUE(contains(shaped.out, "[1, 2, 3, 4]")) << shaped.out << shaped.err;
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", file, "--dtype", "int64"}),
                             {"holds int64", "takes int32"}));
  EXPECT_TRUE(failed_clearly(run_onda({"run", model, "--input", file, "--dtype", "int32", "--shape", "3,4"}),
                             {"[3,4]"}));
}

TEST(Run, WritesAllOutputsIntoADirectory) {
  const TempDirectory directory;
  const std::string out = (directory / "out").string() + "/";
  ASSERT_TRUE(succeeded(run_onda({"run", test_model("split.onnx"), "--input", "-", "--output", out},
                                 with_input("[1, 2, 3, 4, 5, 6]"))));
  for (const auto* name : {"a.npy", "b.npy", "c.npy"})
    EXPECT_TRUE(std::filesystem::exists(directory / "out" / name));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory / "out"), {}), 3);
}

TEST(Run, WritesAllItsFilesOrNone) {
  const TempDirectory directory;
  const auto a = (directory / "a.npy").string();
  const std::vector<std::string> run = {"run",   test_model("split.onnx"), "--input", "-", "--output",
                                        "a=" + a};
  directory.write("a.npy", "old");
  for (const auto& second : {(directory / "absent" / "b.npy").string(), std::string("/dev/full")}) {
    auto arguments = run;
    arguments.insert(arguments.end(), {"--output", "b=" + second, "--output-format", "npy"});
    EXPECT_TRUE(failed_clearly(run_onda(arguments, with_input("[1, 2, 3, 4, 5, 6]")), {second}));
    EXPECT_EQ(read_text(a), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  }
}

TEST(Run, FitsShapesByThePolicy) {
  const std::string model = test_model("no_softmax.onnx");
  EXPECT_EQ(run_onda({"run", model, "--input", "-"}, with_input("[1, 2, 3, 4]")).exit_code, 0);
  EXPECT_TRUE(failed_clearly(
      run_onda({"run", model, "--input", "-", "--shape-policy", "strict"}, with_input("[1, 2, 3, 4]")),
      {"[4]", "[N,4]", "strict"}));
  EXPECT_EQ(run_onda({"run", test_model("fixed_shape.onnx"), "--input", "-", "--shape-policy", "broadcast",
                      "--output", "-"},
                     with_input("[[1, 2, 3]]"))
                .exit_code,
            0);
}

TEST(Run, RanksClassesWithLabels) {
  const TempDirectory directory;
  const auto labels = directory.write("labels.txt", "cat\ndog\nowl\n").string();
  const auto result = run_onda({"run", test_model("no_softmax.onnx"), "--input", "-", "--labels", labels,
                                "--top", "2", "--softmax", "off"},
                               with_input("[1, 2, 3, 4]"));
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(result.out, "#  label  score\n1  owl     8.00\n2  dog     7.00\n");
}

TEST(Run, AppliesSoftmaxWhereTheGraphHasNoneAndSaysSo) {
  const auto result = run_onda({"run", test_model("no_softmax.onnx"), "--input", "-", "--top", "1"},
                               with_input("[1, 2, 3, 4]"));
  EXPECT_EQ(result.exit_code, 0);
  // e^8 / (e^6 + e^7 + e^8)
  EXPECT_EQ(result.out, "label    probability\nclass 2      66.52 %\n");
  EXPECT_TRUE(contains(result.err, "softmax was applied"));
  const auto digits_result = run_onda({"run", digits("digits.onnx"), digits("images/7_0017.png"), "--top",
                                       "1", "--labels", digits("labels.txt")});
  EXPECT_TRUE(succeeded(digits_result));
  EXPECT_TRUE(contains(digits_result.out, "99.7"));
}

TEST(Run, RanksEveryRowOfABatch) {
  const auto result =
      run_onda({"run", test_model("no_softmax.onnx"), "--input", "-", "--top", "1", "--softmax", "off"},
               with_input("[[1, 2, 3, 4], [0, 0, 0, 0]]"));
  EXPECT_EQ(result.out, "row  label    score\n  0  class 2   8.00\n  1  class 0      0\n");
}

TEST(Run, PrintsOneJsonObject) {
  const auto result = run_onda({"run", test_model("no_softmax.onnx"), "--input", "-", "--top", "1", "--json"},
                               with_input("[1, 2, 3, 4]"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(
      result.out, "\"top\": [\n        {\"row\": 0, \"index\": 2, \"label\": \"class 2\", \"score\": 0.66"))
      << result.out;
  EXPECT_TRUE(contains(result.out, "\"probabilities\": true"));
}

TEST(Run, RepeatsAndShowsTheTimes) {
  const auto result =
      run_onda({"run", test_model("tiny.onnx"), "--input", "-", "--shape", "1,64", "--repeat", "3"},
               with_input("[" + [] {
                 std::string numbers = "0";
                 for (int i = 1; i < 64; ++i) numbers += ", 0";
                 return numbers;
               }() + "]"));
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(contains(result.out, "3 runs: min ")) << result.out;
}

TEST(Run, TakesFlagsFromTheEnvironmentAndAConfigFile) {
  const TempDirectory directory;
  ProcessOptions options = with_input("[1, 2, 3, 4]");
  options.environment["ONDA_TOP"] = "1";
  options.environment["ONDA_SOFTMAX"] = "off";
  const auto from_environment =
      run_onda({"run", test_model("no_softmax.onnx"), "-", "--input", "-"}, options);
  EXPECT_EQ(from_environment.exit_code, 2) << "standard input twice";
  EXPECT_EQ(run_onda({"run", test_model("no_softmax.onnx"), "--input", "-"}, options).out,
            "label    score\nclass 2   8.00\n");
  const auto config = directory.write("onda.toml", "[run]\ntop = 1\nsoftmax = \"off\"\n").string();
  EXPECT_EQ(run_onda({"--config", config, "run", test_model("no_softmax.onnx"), "--input", "-"},
                     with_input("[1, 2, 3, 4]"))
                .out,
            "label    score\nclass 2   8.00\n");
}

TEST(Run, ClassifiesThroughEveryPreprocessingStep) {
  // The model returns the image, so what went in can be read.
  const TempDirectory directory;
  const std::string image = digits("images/7_0017.png");
  const auto result = run_onda({"run", test_model("image_grey.onnx"), image, "--resize", "28x28", "--scale",
                                "1/255", "--mean", "0.5", "--std", "0.5", "--output", "-"});
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(contains(result.out, "\"shape\": [1, 1, 28, 28]"));
  EXPECT_TRUE(contains(result.out, "-1")) << "paper is 0, which becomes -1";
  const auto photo = run_onda({"run", test_model("image_nchw.onnx"), image});
  EXPECT_EQ(photo.exit_code, 0);
  EXPECT_TRUE(contains(photo.err, "--preprocess imagenet")) << photo.err;
}

TEST(Run, MakesAndUsesAPreparedModel) {
  const TempDirectory directory;
  ProcessOptions options = with_input("[1, 2, 3, 4]");
  options.environment["ONDA_CACHE_DIR"] = (directory / "cache").string();
  const std::vector<std::string> plain = {"run", test_model("no_softmax.onnx"), "--input", "-", "--json"};
  auto making = plain;
  making.insert(making.end(), {"--cache", "make"});
  EXPECT_TRUE(contains(run_onda(plain, options).out, "\"prepared\": \"missing\""));
  const auto made = run_onda(making, options);
  EXPECT_TRUE(succeeded(made));
  EXPECT_TRUE(contains(made.out, "\"prepared\": \"used\"")) << made.out;
  EXPECT_TRUE(contains(run_onda(plain, options).out, "\"prepared\": \"used\""));
}

}  // namespace
}  // namespace onda::test
