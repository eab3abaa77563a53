#include "serving/network_config.h"

#include <gtest/gtest.h>

#include "serving/config_writer.h"
#include "support/error_matchers.h"

namespace onda::serving {
namespace {

testing::AssertionResult refused(std::string_view json, std::string_view field) {
  return test::throws_error([&] { return read_network_config(json, "m"); }, ErrorCode::permission_denied,
                            field);
}

TEST(NetworkConfigTest, TakesWhatCannotReachBeyondTheModel) {
  const ReadConfig read = read_network_config(R"({
      "name": "m", "backend": "onnxruntime", "platform": "onnxruntime_onnx", "max_batch_size": "16",
      "default_model_filename": "model.onnx",
      "version_policy": {"specific": {"versions": [1]}},
      "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [3], "reshape": {"shape": [3]}, "optional": true}],
      "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [1], "label_filename": "labels.txt"}],
      "instance_group": [{"count": 2, "kind": "KIND_CPU"}],
      "dynamic_batching": {"preferred_batch_size": [4], "max_queue_delay_microseconds": 5, "preserve_ordering": true,
        "priority_levels": 2, "default_priority_level": 1, "default_queue_policy": {"timeout_action": "DELAY"},
        "priority_queue_policy": {"1": {"max_queue_size": 3}}},
      "optimization": {"graph": {"level": 1}},
      "parameters": {"intra_op_thread_count": {"string_value": "1"}, "inter_op_thread_count": {"string_value": "1"},
        "execution_mode": {"string_value": "0"}},
      "model_warmup": [{"name": "w", "batch_size": 1, "count": 1,
        "inputs": {"x": {"data_type": "TYPE_FP32", "dims": [3], "random_data": true}}}]})",
                                              "m", std::vector<std::string>{"labels.txt"});
  EXPECT_EQ(read.config.max_batch_size, 16);
  EXPECT_EQ(read.config.dynamic_batching->queue_policies.at(1).max_queue_size, 3U);
  EXPECT_EQ(read.config.parameters.size(), 3U);
  EXPECT_EQ(read.config.warm_ups.size(), 1U);
}

TEST(NetworkConfigTest, TakesBackWhatTheServerSays) {
  ModelConfig config =
      read_config_text("max_batch_size: 4 input { name: \"x\" } instance_group { count: 1 }").config;
  config.name = "m";
  config.default_model_filename = ModelConfig::kModelFilename;
  EXPECT_EQ(config_json(read_network_config(config_json(config), "m").config), config_json(config));
}

TEST(NetworkConfigTest, RefusesPathsLibrariesAndAllElseByName) {
  EXPECT_TRUE(refused(R"({"default_model_filename":"other.onnx"})", "default_model_filename"));
  EXPECT_TRUE(refused(R"({"model_operations":{"op_library_filename":["a.so"]}})", "model_operations"));
  EXPECT_TRUE(refused(
      R"({"parameters":{"session.model_external_initializers_file_folder_path":{"string_value":"/"}}})",
      "session.model_external_initializers_file_folder_path"));
  EXPECT_TRUE(refused(R"({"parameters":{"onda.device":{"string_value":"cpu"}}})", "onda.device"));
  EXPECT_TRUE(refused(R"({"cc_model_filenames":{"a":"b"}})", "cc_model_filenames"));
  EXPECT_TRUE(refused(R"({"metric_tags":{"a":"b"}})", "metric_tags"));
  EXPECT_TRUE(refused(R"({"model_repository_agents":{}})", "model_repository_agents"));
  EXPECT_TRUE(refused(R"({"runtime":"x.so"})", "runtime"));
  EXPECT_TRUE(refused(R"({"response_cache":{"enable":true}})", "response_cache"));
  EXPECT_TRUE(refused(R"({"optimization":{"cuda":{"graphs":true}}})", "optimization.cuda"));
  EXPECT_TRUE(
      refused(R"({"optimization":{"execution_accelerators":{}}})", "optimization.execution_accelerators"));
  EXPECT_TRUE(refused(R"({"instance_group":[{"profile":["x"]}]})", "instance_group.profile"));
  EXPECT_TRUE(refused(R"({"instance_group":[{"gpus":[0]}]})", "instance_group.gpus"));
  EXPECT_TRUE(refused(R"({"sequence_batching":{}})", "sequence_batching"));
  EXPECT_TRUE(
      refused(R"({"model_warmup":[{"inputs":{"x":{"input_data_file":"secret"}}}]})", "input_data_file"));
}

TEST(NetworkConfigTest, LabelsMustHaveComeAlong) {
  constexpr std::string_view kJson = R"({"output":[{"name":"y","label_filename":"labels.txt"}]})";
  EXPECT_TRUE(refused(kJson, "label_filename \"labels.txt\""));
  const std::vector<std::string> files = {"1/labels.txt"};
  EXPECT_TRUE(test::throws_error([&] { return read_network_config(kJson, "m", files); },
                                 ErrorCode::permission_denied, "label_filename"));
}

TEST(NetworkConfigTest, TheNameIsTheModels) {
  EXPECT_TRUE(test::throws_error([&] { return read_network_config(R"({"name":"other"})", "m"); },
                                 ErrorCode::invalid_argument, "\"other\"", "\"m\""));
}

TEST(NetworkConfigTest, MalformedJsonIsTheReadersError) {
  EXPECT_TRUE(
      test::throws_error([&] { return read_network_config("{", "m"); }, ErrorCode::invalid_argument, "JSON"));
  EXPECT_TRUE(test::throws_error([&] { return read_network_config(R"({"backend":"python"})", "m"); },
                                 ErrorCode::unimplemented, "python"));
}

}  // namespace
}  // namespace onda::serving
