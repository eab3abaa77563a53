#include "serving/config_writer.h"

#include <gtest/gtest.h>

#include "serving/model_config_reader.h"

namespace onda::serving {
namespace {

std::string json_of(std::string_view text) { return config_json(read_config_text(text).config); }

TEST(ConfigWriterTest, WritesDefaultsButNoUnsetMessages) {
  EXPECT_EQ(
      json_of(""),
      R"({"name":"","platform":"","version_policy":{"latest":{"num_versions":1}},"max_batch_size":0,)"
      R"("input":[],"output":[],"instance_group":[],"default_model_filename":"","cc_model_filenames":{},)"
      R"("metric_tags":{},"parameters":{},"model_warmup":[],"backend":"","batch_input":[],"batch_output":[],)"
      R"("runtime":""})");
}

TEST(ConfigWriterTest, WritesNamesNumbersAndNesting) {
  const std::string json = json_of(R"(
    name: "a\"b\\c\n"
    max_batch_size: 8
    input { name: "x" data_type: TYPE_FP32 dims: [-1, 9223372036854775807] format: FORMAT_NHWC
            reshape { shape: [ ] } optional: true }
    output { name: "y" data_type: TYPE_STRING dims: 2 label_filename: "l" }
    instance_group { count: 2 kind: KIND_CPU }
    dynamic_batching { preferred_batch_size: [2, 4] max_queue_delay_microseconds: 5000000000
                       priority_levels: 3 default_priority_level: 1
                       priority_queue_policy { key: 2 value { timeout_action: DELAY } } }
    optimization { graph { level: 2 } }
    parameters { key: "k" value { string_value: "v" } }
    version_policy { all { } }
    model_warmup { name: "w" inputs { key: "x" value { data_type: TYPE_FP32 dims: 1 zero_data: true } } })");
  const auto holds = [&](std::string_view part) { return json.find(part) != std::string::npos; };
  EXPECT_TRUE(holds(R"("name":"a\"b\\c\u000a")")) << json;
  EXPECT_TRUE(holds(R"("input":[{"name":"x","data_type":"TYPE_FP32","format":"FORMAT_NHWC",)"
                    R"("dims":[-1,9223372036854775807],"reshape":{"shape":[]},"is_shape_tensor":false,)"
                    R"("allow_ragged_batch":false,"optional":true,"is_non_linear_format_io":false}])"))
      << json;
  EXPECT_TRUE(holds(R"("output":[{"name":"y","data_type":"TYPE_STRING","dims":[2],"label_filename":"l",)"))
      << json;
  EXPECT_TRUE(holds(R"("instance_group":[{"name":"","count":2,"gpus":[],"kind":"KIND_CPU",)")) << json;
  EXPECT_TRUE(holds(R"("max_queue_delay_microseconds":5000000000)")) << json;
  EXPECT_TRUE(
      holds(R"("priority_queue_policy":{"2":{"timeout_action":"DELAY","default_timeout_microseconds":0,)"))
      << json;
  EXPECT_TRUE(holds(R"("optimization":{"graph":{"level":2},"priority":"PRIORITY_DEFAULT",)")) << json;
  EXPECT_TRUE(holds(R"("parameters":{"k":{"string_value":"v"}})")) << json;
  EXPECT_TRUE(holds(R"("version_policy":{"all":{}})")) << json;
  EXPECT_TRUE(holds(R"("inputs":{"x":{"data_type":"TYPE_FP32","dims":[1],"zero_data":true}})")) << json;
}

TEST(ConfigWriterTest, WhatWasWrittenReadsTheSame) {
  for (const auto* text :
       {"", "max_batch_size: 4 version_policy { specific { versions: [1, 2] } }",
        "input { name: \"x\" data_type: TYPE_BF16 dims: [3, -1] } output { name: \"y\" reshape { shape: [1] "
        "} }",
        "dynamic_batching { preserve_ordering: true default_queue_policy { max_queue_size: 3 } }",
        "model_warmup { name: \"w\" count: 2 batch_size: 1 inputs { key: \"x\" value { dims: 0 random_data: "
        "true } } "
        "inputs { key: \"y\" value { input_data_file: \"f\" } } }",
        "parameters { key: \"a\" value { string_value: \"1\" } } parameters { key: \"b\" value { } }"}) {
    const std::string json = json_of(text);
    const ReadConfig again = read_config_json(json);
    EXPECT_EQ(config_json(again.config), json);
    EXPECT_TRUE(again.warnings.empty());
  }
}

}  // namespace
}  // namespace onda::serving
