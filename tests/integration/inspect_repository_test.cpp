#include <gtest/gtest.h>

#include <filesystem>

#include "integration/program.h"
#include "support/temp_directory.h"

namespace onda::test {
namespace {

namespace fs = std::filesystem;

class InspectRepository : public testing::Test {
 protected:
  void add(const std::string& model, const std::string& place) const {
    fs::create_directories((folder_ / place).parent_path());
    fs::copy_file(model, folder_ / place);
  }
  [[nodiscard]] ProcessResult inspect(std::vector<std::string> flags = {}) const {
    flags.insert(flags.begin(), {"inspect", folder_.path().string()});
    return run_onda(flags);
  }
  static testing::AssertionResult shows(const ProcessResult& result, const std::vector<std::string>& parts) {
    for (const auto& part : parts) {
      if (result.out.find(part) == std::string::npos)
        return testing::AssertionFailure() << '"' << part << "\" is missing in\n" << result.out << result.err;
    }
    return testing::AssertionSuccess();
  }

  TempDirectory folder_;
};

TEST_F(InspectRepository, ShowsWhatWouldBeServedWithoutAConfig) {
  add(digits("digits.onnx"), "digits/1/model.onnx");
  add(test_model("fixed_shape.onnx"), "plain.onnx");
  const auto result = inspect();
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(shows(result, {"2 models, 2 can be served", "digits\n", "plain\n",
                             "none: derived from the model", "batching    up to 64, requests are not joined",
                             "batching    none", "image", "[?,1,8,8]", "[2,3]"}));
}

TEST_F(InspectRepository, ShowsTheSettingsOfAConfig) {
  add(digits("digits.onnx"), "digits/1/model.onnx");
  add(digits("digits.onnx"), "digits/3/model.onnx");
  add(digits("labels.txt"), "digits/labels.txt");
  folder_.write("digits/config.pbtxt", R"(
      max_batch_size: 16
      output { name: "probabilities" label_filename: "labels.txt" }
      dynamic_batching { preferred_batch_size: [4, 8] max_queue_delay_microseconds: 100 }
      instance_group { count: 2 }
      optimization { graph { level: 1 } cuda { graphs: true } }
      parameters { key: "intra_op_thread_count" value { string_value: "1" } }
      parameters { key: "onda.preprocess" value { string_value: "raw color=grey" } }
      shiny: 1)");
  const auto result = inspect();
  ASSERT_TRUE(succeeded(result));
  EXPECT_TRUE(shows(result, {"versions    3 of 1, 3 (policy: latest 1)", "config.pbtxt",
                             "up to 16, joined after at most 100 us, preferably 4, 8", "instances   2",
                             "graph optimization extended, intra-op threads 1", "preprocess  resize=8x8",
                             "10 labels", "warning", "shiny", "optimization.cuda"}));
}

TEST_F(InspectRepository, SaysWhatIsWrongWithEachModel) {
  add(test_model("tiny.onnx"), "good/1/model.onnx");
  add(test_model("tiny.onnx"), "ensemble/1/model.onnx");
  folder_.write("ensemble/config.pbtxt", "ensemble_scheduling { }");
  add(test_model("tiny.onnx"), "types/1/model.onnx");
  folder_.write("types/config.pbtxt", "input { name: \"x\" data_type: TYPE_FP16 }");
  add(test_model("tiny.onnx"), "text/1/model.onnx");
  folder_.write("text/config.pbtxt", "max_batch_size: many");
  add(test_model("unknown_op.onnx"), "refused/1/model.onnx");
  folder_.write("none/1/readme.txt", "");
  add(test_model("tiny.onnx"), "escape/1/model.onnx");
  folder_.write("escape/config.pbtxt", "output { name: \"y\" label_filename: \"../good/labels.txt\" }");
  const auto result = inspect();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.starts_with("onda: error: ")) << result.err;
  EXPECT_TRUE(shows(
      result, {"7 models, 1 can be served", "ensemble_scheduling", "TYPE_FP16", "TYPE_FP32",
               "config.pbtxt: 1:17", "version 1: ", "is not there", "leads out of the model's directory"}));
}

TEST_F(InspectRepository, PrintsJson) {
  add(test_model("tiny.onnx"), "tiny/1/model.onnx");
  folder_.write("broken/1/readme.txt", "");
  const auto result = inspect({"--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(
      shows(result, {"\"name\": \"broken\"", "\"served\": false", "\"config\": null", "\"name\": \"tiny\"",
                     "\"max_batch_size\":64", "\"problem\": \"\"", "\"available_versions\": [1]"}));
}

TEST_F(InspectRepository, AnEmptyDirectoryIsToldSo) {
  const auto result = inspect();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(shows(result, {"0 models", "expected MODEL/1/model.onnx"}));
}

}  // namespace
}  // namespace onda::test
