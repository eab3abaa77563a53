// The commands as a whole: help, versions, suggestions, and a machine without ONNX Runtime.
#include <gtest/gtest.h>

#include "onda/version.h"
#include "program.h"
#include "support/paths.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ProcessOptions without_runtime() {
  ProcessOptions options;
  options.environment["ONDA_ONNXRUNTIME"] = "/nowhere/libonnxruntime.so";
  return options;
}

TEST(Help, ExplainsEveryCommandWithAnExample) {
  const auto all = run_onda({"--help"});
  ASSERT_TRUE(succeeded(all));
  for (const std::string command : {"run", "inspect", "bench", "cache", "doctor"}) {
    EXPECT_TRUE(contains(all.out, "\n  " + command)) << command;
    const auto help = run_onda({command, "--help"});
    ASSERT_TRUE(succeeded(help)) << command;
    EXPECT_TRUE(contains(help.out, "Usage: onda " + command));
    EXPECT_TRUE(contains(help.out, "\nExamples:\n  ")) << command;
    EXPECT_EQ(run_onda({"help", command}).out, help.out);
  }
  EXPECT_EQ(run_onda({"-h"}).out, all.out);
}

TEST(Version, NamesTheCommitAndTheRuntime) {
  const auto result = run_onda({"--version"});
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(result.out.starts_with("onda " + std::string(version()) + " (")) << result.out;
  EXPECT_TRUE(contains(result.out, "\nONNX Runtime 1.")) << result.out;
  EXPECT_TRUE(contains(result.out, "libonnxruntime")) << result.out;
}

TEST(WithoutRuntime, HelpVersionAndDoctorWork) {
  EXPECT_TRUE(succeeded(run_onda({"--help"}, without_runtime())));
  const auto version_result = run_onda({"--version"}, without_runtime());
  EXPECT_TRUE(succeeded(version_result));
  EXPECT_TRUE(contains(version_result.out, "ONNX Runtime: none"));
  const auto doctor = run_onda({"doctor"}, without_runtime());
  EXPECT_TRUE(succeeded(doctor));
  EXPECT_TRUE(contains(doctor.out, "/nowhere/libonnxruntime.so")) << doctor.out;
}

TEST(WithoutRuntime, OtherCommandsSayWhereTheyLooked) {
  const std::vector<std::string> parts = {"ONNX Runtime", "/nowhere/libonnxruntime.so", "--onnxruntime"};
  const std::string model = test_model("tiny.onnx");
  for (const auto* command : {"run", "inspect", "bench"}) {
    EXPECT_TRUE(failed_clearly(run_onda({command, model}, without_runtime()), parts)) << command;
  }
  EXPECT_TRUE(failed_clearly(run_onda({"cache", "warm", model}, without_runtime()), parts));
  EXPECT_TRUE(failed_clearly(run_onda({"--onnxruntime", "/nowhere/libonnxruntime.so", "run", model}), parts));
}

TEST(Mistakes, AConfigFileWithoutAnEndIsNotRead) {
  EXPECT_TRUE(failed_clearly(run_onda({"run", test_model("tiny.onnx"), "--config", "/dev/zero"}),
                             {"config file", "/dev/zero", "limit"}));
}

TEST(Mistakes, SuggestTheCommandAndTheFlag) {
  EXPECT_TRUE(failed_clearly(run_onda({"rnu"}), {"did you mean onda run?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"isnpect"}), {"did you mean onda inspect?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"--versoin"}), {"did you mean --version?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"help", "bnech"}), {"did you mean onda bench?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"run", "m.onnx", "--lables", "x"}), {"did you mean --labels?"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"cache", "lsit"}), {"did you mean list?"}, 2));
}

TEST(Mistakes, EndWith2) {
  EXPECT_TRUE(failed_clearly(run_onda({"-"}), {"unknown flag -"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"--"}), {"unknown flag --"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({}), {"command is missing"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"run"}), {"MODEL is missing"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"run", "m.onnx", "--threads"}), {"--threads needs a value"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"run", "m.onnx", "--threads", "0"}), {"--threads"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"run", "m.onnx", "--device", "gpu"}), {"--device", "cuda"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"inspect", "a", "b"}), {"one word too many"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"bench", "a", "--csv", "--json"}), {"--json", "--csv"}, 2));
  EXPECT_TRUE(failed_clearly(run_onda({"bench", "a", "--batch", "1,x"}), {"--batch"}, 2));
}

TEST(Doctor, ReportsTheMachineAsTextAndJson) {
  const auto text = run_onda({"doctor"});
  ASSERT_TRUE(succeeded(text));
  for (const auto* part :
       {"cores", "memory", "features", "providers", "CPUExecutionProvider", "libcuda", "state"}) {
    EXPECT_TRUE(contains(text.out, part)) << part;
  }
  const auto json = run_onda({"doctor", "--json"});
  ASSERT_TRUE(succeeded(json));
  for (const auto* part : {"\"usable_cores\": ", "\"found\": true", "\"search_path\": [", "\"cache\": {"}) {
    EXPECT_TRUE(contains(json.out, part)) << part;
  }
}

TEST(Doctor, ShowsTheAffinityMask) {
  const auto result = run_process({"taskset", "1", (binary_dir() / "onda").string(), "doctor", "--json"});
  // Core 0 may be outside of what this process may use; then taskset says so.
  if (result.exit_code != 0) GTEST_SKIP() << "taskset cannot choose core 0 here: " << result.err;
  EXPECT_TRUE(contains(result.out, "\"usable_cores\": 1,")) << result.out;
  EXPECT_TRUE(contains(result.out, "\"affinity_cores\": 1,")) << result.out;
}

TEST(Inspect, ShowsInputsOutputsAndWhatTheFileSays) {
  const auto text = run_onda({"inspect", digits("digits.onnx")});
  ASSERT_TRUE(succeeded(text));
  for (const auto* part : {"image          float32  [N,1,8,8]", "probabilities  float32  [N,10]",
                           "opset ai.onnx 13", "Conv 2", "9930 elements", "runs on cpu   yes"}) {
    EXPECT_TRUE(contains(text.out, part)) << part << " is missing in\n" << text.out;
  }
  const auto json = run_onda({"inspect", digits("digits.onnx"), "--json"});
  ASSERT_TRUE(succeeded(json));
  EXPECT_TRUE(contains(json.out, "\"shape\": [\"N\", 1, 8, 8]")) << json.out;
}

TEST(Inspect, ShowsModelsThatTheRuntimeRefuses) {
  for (const std::string name :
       {"opset_99.onnx", "identity_int4.onnx", "unknown_op.onnx", "external_missing.onnx"}) {
    const auto result = run_onda({"inspect", test_model(name)});
    EXPECT_EQ(result.exit_code, 1) << name;
    EXPECT_TRUE(contains(result.out, "runs on cpu   no: ")) << name << result.out;
    EXPECT_TRUE(contains(result.out, "\ninputs")) << name << result.out;
    EXPECT_TRUE(result.err.starts_with("onda: error: ")) << name;
  }
  EXPECT_TRUE(contains(run_onda({"inspect", test_model("identity_int4.onnx")}).out, "int4"));
  EXPECT_TRUE(contains(run_onda({"inspect", test_model("map_output.onnx")}).out, "sequence(map("));
}

TEST(Inspect, FailsOnAFileThatIsNoModel) {
  EXPECT_TRUE(failed_clearly(run_onda({"inspect", digits("images/7_0017.png")}), {"7_0017.png"}));
  EXPECT_TRUE(failed_clearly(run_onda({"inspect", "/nowhere.onnx"}), {"/nowhere.onnx"}));
}

TEST(Cache, WarmsListsAndClears) {
  const TempDirectory directory;
  ProcessOptions options;
  options.environment["ONDA_CACHE_DIR"] = (directory / "cache").string();
  EXPECT_TRUE(contains(run_onda({"cache", "list"}, options).out, "no prepared models"));
  const auto warm = run_onda({"cache", "warm", test_model("tiny.onnx"), digits("digits.onnx")}, options);
  EXPECT_TRUE(succeeded(warm));
  const auto list = run_onda({"cache", "list"}, options);
  EXPECT_TRUE(contains(list.out, "tiny.onnx")) << list.out;
  EXPECT_TRUE(contains(list.out, "digits.onnx")) << list.out;
  EXPECT_TRUE(contains(run_onda({"inspect", test_model("tiny.onnx")}, options).out, "prepared      yes"));
  EXPECT_TRUE(contains(run_onda({"doctor"}, options).out, "2 prepared models"));
  EXPECT_TRUE(contains(run_onda({"cache", "clear"}, options).out, "removed 2 prepared models"));
  EXPECT_TRUE(contains(run_onda({"cache", "list", "--json"}, options).out, "[]"));
}

TEST(Cache, SaysThatItHasNoDirectory) {
  ProcessOptions options;
  for (const auto* name : {"ONDA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"})
    options.environment[name] = std::nullopt;
  EXPECT_TRUE(failed_clearly(run_onda({"cache", "list"}, options), {"ONDA_CACHE_DIR"}));
  EXPECT_TRUE(failed_clearly(run_onda({"cache", "clear"}, options), {"ONDA_CACHE_DIR"}));
}

TEST(Cache, WarmsTheOthersWhereOneFails) {
  const TempDirectory directory;
  ProcessOptions options;
  options.environment["ONDA_CACHE_DIR"] = (directory / "cache").string();
  const auto result = run_onda({"cache", "warm", "/nowhere.onnx", test_model("tiny.onnx")}, options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "/nowhere.onnx"));
  EXPECT_TRUE(contains(result.out, "tiny.onnx"));
}

}  // namespace
}  // namespace onda::test
