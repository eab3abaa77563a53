#include "serving/model_config_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

using std::chrono::microseconds;

/// As repositories of other servers have it.
constexpr std::string_view kFull = R"(
# A comment.
name: "resnet"
platform: "onnxruntime_onnx"
backend: "onnxruntime"
max_batch_size: 16
input [
  {
    name: "data"
    data_type: TYPE_FP32
    format: FORMAT_NCHW
    dims: [ 3, 224, -1 ]
    reshape { shape: [ 1, 3, 224, -1 ] }
  },
  { name: "mask" data_type: TYPE_BOOL dims: [ 1 ] reshape { shape: [ ] } optional: true }
]
output [
  { name: "prob" data_type: TYPE_FP32 dims: [ 1000 ] label_filename: "labels.txt" }
]
version_policy: { specific: { versions: [ 3, 1 ] } }
instance_group [ { name: "a" count: 2 kind: KIND_CPU }, { count: 1 } ]
dynamic_batching {
  preferred_batch_size: [ 8, 4 ]
  max_queue_delay_microseconds: 100
  preserve_ordering: true
  priority_levels: 2
  default_priority_level: 2
  default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5000 allow_timeout_override: true }
  priority_queue_policy { key: 1 value { max_queue_size: 10 } }
}
optimization { graph { level: -1 } }
model_warmup [ {
  name: "warm" batch_size: 2 count: 3
  inputs { key: "data" value: { data_type: TYPE_FP32 dims: [ 3, 224, 224 ] random_data: true } }
  inputs { key: "mask" value: { data_type: TYPE_BOOL dims: 1 input_data_file: "mask.bin" } }
} ]
default_model_filename: "net.onnx"
parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
parameters: { key: "onda.preprocess", value: { string_value: "imagenet" } }
)";

bool has_warning(const ReadConfig& read, std::string_view part) {
  return std::any_of(read.warnings.begin(), read.warnings.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

auto text_refused(std::string_view text, ErrorCode code, std::string_view part) {
  return test::throws_error([&] { return read_config_text(text); }, code, part);
}
auto json_refused(std::string_view text, ErrorCode code, std::string_view part) {
  return test::throws_error([&] { return read_config_json(text); }, code, part);
}

TEST(ModelConfigReaderTest, ReadsEveryField) {
  const ReadConfig read = read_config_text(kFull);
  const ModelConfig& config = read.config;
  EXPECT_TRUE(read.warnings.empty()) << read.warnings.front();
  EXPECT_EQ(config.name, "resnet");
  EXPECT_EQ(config.max_batch_size, 16);
  EXPECT_TRUE(read.given.max_batch_size);
  EXPECT_TRUE(read.given.version_policy);
  EXPECT_TRUE(read.given.graph_level);
  ASSERT_EQ(config.inputs.size(), 2U);
  EXPECT_EQ(config.inputs[0].name, "data");
  EXPECT_EQ(config.inputs[0].dtype, DType::float32);
  EXPECT_EQ(config.inputs[0].format, TensorFormat::nchw);
  EXPECT_EQ(config.inputs[0].dims, (Shape{3, 224, -1}));
  EXPECT_EQ(config.inputs[0].reshape, (Shape{1, 3, 224, -1}));
  EXPECT_FALSE(config.inputs[0].optional);
  EXPECT_EQ(config.inputs[1].dtype, DType::boolean);
  EXPECT_EQ(config.inputs[1].reshape, Shape{});
  EXPECT_TRUE(config.inputs[1].optional);
  ASSERT_EQ(config.outputs.size(), 1U);
  EXPECT_EQ(config.outputs[0].dims, Shape{1000});
  EXPECT_EQ(config.outputs[0].label_filename, "labels.txt");
  EXPECT_EQ(to_string(config.version_policy), "1, 3");
  ASSERT_EQ(config.instance_groups.size(), 2U);
  EXPECT_EQ(config.instance_groups[0].kind, InstanceKind::cpu);
  EXPECT_EQ(instance_count(config), 3);
  EXPECT_EQ(config.graph_level, -1);
  EXPECT_EQ(config.default_model_filename, "net.onnx");
  EXPECT_EQ(config.parameters.at("intra_op_thread_count"), "1");
  EXPECT_EQ(config.parameters.at("onda.preprocess"), "imagenet");
}

TEST(ModelConfigReaderTest, ReadsDynamicBatching) {
  const auto batching = read_config_text(kFull).config.dynamic_batching;
  ASSERT_TRUE(batching);
  EXPECT_EQ(batching->preferred_batch_sizes, (std::vector<std::int64_t>{4, 8}));
  EXPECT_EQ(batching->max_queue_delay, microseconds(100));
  EXPECT_TRUE(batching->preserve_ordering);
  EXPECT_EQ(batching->priority_levels, 2U);
  EXPECT_EQ(batching->default_priority_level, 2U);
  EXPECT_EQ(batching->default_queue_policy.timeout_action, QueuePolicy::TimeoutAction::delay);
  EXPECT_EQ(batching->default_queue_policy.default_timeout, microseconds(5000));
  EXPECT_TRUE(batching->default_queue_policy.allow_timeout_override);
  EXPECT_EQ(batching->queue_policies.at(1).max_queue_size, 10U);
  EXPECT_EQ(batching->queue_policies.at(1).timeout_action, QueuePolicy::TimeoutAction::reject);
}

TEST(ModelConfigReaderTest, ReadsWarmUps) {
  const auto warm_ups = read_config_text(kFull).config.warm_ups;
  ASSERT_EQ(warm_ups.size(), 1U);
  EXPECT_EQ(warm_ups[0].batch_size, 2U);
  EXPECT_EQ(warm_ups[0].count, 3U);
  const auto& data = warm_ups[0].inputs.at("data");
  EXPECT_EQ(data.dims, (Shape{3, 224, 224}));
  EXPECT_TRUE(std::holds_alternative<WarmUpInput::Random>(data.data));
  EXPECT_EQ(std::get<WarmUpInput::File>(warm_ups[0].inputs.at("mask").data).name, "mask.bin");
}

TEST(ModelConfigReaderTest, AnEmptyTextGivesNothing) {
  const ReadConfig read = read_config_text("");
  EXPECT_FALSE(read.given.max_batch_size);
  EXPECT_FALSE(read.given.version_policy);
  EXPECT_FALSE(read.given.graph_level);
  EXPECT_TRUE(read.config.inputs.empty());
  EXPECT_FALSE(read.config.dynamic_batching);
  EXPECT_EQ(to_string(read.config.version_policy), "latest 1");
}

TEST(ModelConfigReaderTest, AWrittenZeroIsNotNone) {
  EXPECT_TRUE(read_config_text("max_batch_size: 0").given.max_batch_size);
  EXPECT_TRUE(read_config_json(R"({"max_batch_size": 0})").given.max_batch_size);
  EXPECT_FALSE(read_config_json(R"({"max_batch_size": null})").given.max_batch_size);
  EXPECT_TRUE(read_config_text("dynamic_batching { }").config.dynamic_batching);
}

TEST(ModelConfigReaderTest, AnUnknownFieldOfTheTextIsAWarning) {
  const ReadConfig read = read_config_text("max_batch_size: 4\nshiny_new { a: [1, 2] b { c: \"}\" } }\n");
  EXPECT_EQ(read.config.max_batch_size, 4);
  EXPECT_TRUE(has_warning(read, "shiny_new"));
  EXPECT_TRUE(has_warning(read, "2:"));
}

TEST(ModelConfigReaderTest, MalformedTextIsRefusedWithItsPlace) {
  EXPECT_TRUE(text_refused("name: \"a\"\nmax_batch_size: many\n", ErrorCode::invalid_argument, "2:17"));
  EXPECT_TRUE(text_refused("input [ { name: \"a\"", ErrorCode::invalid_argument, "1:"));
  EXPECT_TRUE(
      text_refused("max_batch_size: 1 max_batch_size: 2", ErrorCode::invalid_argument, "max_batch_size"));
  EXPECT_TRUE(
      text_refused("input { name: \"a\" data_type: TYPE_FP8 }", ErrorCode::invalid_argument, "TYPE_FP8"));
  EXPECT_TRUE(text_refused("max_batch_size: 99999999999", ErrorCode::invalid_argument, "1:"));
  EXPECT_TRUE(text_refused("\xFF", ErrorCode::invalid_argument, "UTF-8"));
  EXPECT_TRUE(text_refused(std::string_view("name: \"\\377\""), ErrorCode::invalid_argument, "UTF-8"));
}

TEST(ModelConfigReaderTest, HostileTextsEndInAnError) {
  std::string open;
  for (int i = 0; i < 300'000; ++i) open += "a{";
  EXPECT_TRUE(text_refused(open, ErrorCode::invalid_argument, "deep"));
  EXPECT_TRUE(text_refused("a:" + std::string(900'000, '['), ErrorCode::invalid_argument, "deep"));
  EXPECT_TRUE(
      json_refused(R"({"input":)" + std::string(900'000, '['), ErrorCode::invalid_argument, "no JSON"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"input":)";
  EXPECT_TRUE(json_refused(objects, ErrorCode::invalid_argument, "deep"));
  EXPECT_TRUE(text_refused(std::string(kMaxConfigBytes + 1, '#'), ErrorCode::resource_exhausted, "1048576"));
  EXPECT_TRUE(json_refused(std::string(kMaxConfigBytes + 1, ' '), ErrorCode::resource_exhausted, "1048576"));
}

TEST(ModelConfigReaderTest, WarningsAreBounded) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "unknown: 1\n";
  EXPECT_LE(read_config_text(text).warnings.size(), 100U);
}

TEST(ModelConfigReaderTest, JsonMayBePartialAndNumbersMayBeStrings) {
  const ReadConfig read = read_config_json(
      R"({"max_batch_size":"16","input":[{"name":"x","data_type":"TYPE_INT64","dims":["-1",2]}],)"
      R"("dynamic_batching":{"max_queue_delay_microseconds":"7"},"parameters":{"k":{"string_value":"v"}}})");
  EXPECT_EQ(read.config.max_batch_size, 16);
  EXPECT_EQ(read.config.inputs.at(0).dims, (Shape{-1, 2}));
  EXPECT_EQ(read.config.dynamic_batching->max_queue_delay, microseconds(7));
  EXPECT_EQ(read.config.parameters.at("k"), "v");
}

TEST(ModelConfigReaderTest, JsonRefusesUnknownFieldsAndWrongTypes) {
  EXPECT_TRUE(json_refused(R"({"inputs":[]})", ErrorCode::invalid_argument, "inputs"));
  EXPECT_TRUE(
      json_refused(R"({"input":[{"name":"x","datatype":"FP32"}]})", ErrorCode::invalid_argument, "datatype"));
  EXPECT_TRUE(json_refused(R"({"max_batch_size":"many"})", ErrorCode::invalid_argument, "many"));
  EXPECT_TRUE(json_refused(R"({"max_batch_size":1.5})", ErrorCode::invalid_argument, "1.5"));
  EXPECT_TRUE(json_refused(R"({"input":[{"name":"x","data_type":"TYPE_X"}]})", ErrorCode::invalid_argument,
                           "TYPE_X"));
  EXPECT_TRUE(json_refused("[]", ErrorCode::invalid_argument, "no JSON"));
  EXPECT_TRUE(json_refused("", ErrorCode::invalid_argument, "no JSON"));
  EXPECT_TRUE(json_refused("{\"name\":\"a\"", ErrorCode::invalid_argument, "no JSON"));
}

TEST(ModelConfigReaderTest, NamesWhatIsNotUsed) {
  const ReadConfig read = read_config_text(R"(
    runtime: "x"
    metric_tags { key: "a" value: "b" }
    cc_model_filenames { key: "8.0" value: "b" }
    response_cache { enable: true }
    model_metrics { metric_control [ { metric_identifier { family: "x" } histogram_options { buckets: [ 1, 2 ] } } ] }
    optimization {
      priority: PRIORITY_MAX
      cuda { graphs: true }
      execution_accelerators { gpu_execution_accelerator: [ { name: "tensorrt" } ]
                               cpu_execution_accelerator: [ { name: "openvino" } ] }
      input_pinned_memory { enable: true }
      output_pinned_memory { enable: true }
      gather_kernel_buffer_threshold: 3
      eager_batching: true
    }
    instance_group [ { kind: KIND_GPU gpus: [ 0, 1 ] count: 2 rate_limiter { priority: 2 } host_policy: "p"
                       profile: "x" secondary_devices { device_id: 1 } }, { passive: true count: 4 } ])");
  for (const auto* part :
       {"runtime", "metric_tags", "cc_model_filenames", "response_cache", "model_metrics",
        "optimization.priority", "optimization.cuda", "\"tensorrt\"", "\"openvino\"", "input_pinned_memory",
        "output_pinned_memory", "gather_kernel_buffer_threshold", "eager_batching", "KIND_GPU",
        "rate_limiter", "host_policy", "profile", "secondary_devices", "passive"})
    EXPECT_TRUE(has_warning(read, part)) << part;
  EXPECT_EQ(instance_count(read.config), 2);
}

TEST(ModelConfigReaderTest, WhatIsSwitchedOffIsNoWarning) {
  const ReadConfig read = read_config_text(R"(
    response_cache { enable: false }
    optimization { input_pinned_memory { enable: false } output_pinned_memory { enable: false } }
    model_transaction_policy { decoupled: false })");
  EXPECT_TRUE(read.warnings.empty());
}

TEST(ModelConfigReaderTest, RefusesWhatWouldMakeAnswersWrong) {
  const auto refused = [](std::string_view text, std::string_view field) {
    return text_refused(text, ErrorCode::unimplemented, field);
  };
  EXPECT_TRUE(refused("backend: \"python\"", "backend \"python\""));
  EXPECT_TRUE(refused("platform: \"tensorrt_plan\"", "platform \"tensorrt_plan\""));
  EXPECT_TRUE(refused("ensemble_scheduling { step [ { model_name: \"a\" model_version: -1 } ] }",
                      "ensemble_scheduling"));
  EXPECT_TRUE(
      refused("sequence_batching { max_sequence_idle_microseconds: 5 control_input [ { name: \"S\" "
              "control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] } ] }",
              "sequence_batching"));
  EXPECT_TRUE(refused("model_transaction_policy { decoupled: true }", "decoupled"));
  EXPECT_TRUE(refused("input { name: \"x\" allow_ragged_batch: true }", "allow_ragged_batch"));
  EXPECT_TRUE(refused("input { name: \"x\" is_shape_tensor: true }", "is_shape_tensor"));
  EXPECT_TRUE(refused("output { name: \"x\" is_shape_tensor: true }", "is_shape_tensor"));
  EXPECT_TRUE(refused("batch_input { kind: BATCH_ELEMENT_COUNT target_name: \"x\" }", "batch_input"));
  EXPECT_TRUE(refused("batch_output { target_name: \"x\" }", "batch_output"));
  EXPECT_TRUE(
      refused("model_repository_agents { agents { name: \"checksum\" } }", "model_repository_agents"));
  EXPECT_TRUE(json_refused(R"({"backend":"pytorch"})", ErrorCode::unimplemented, "backend"));
}

TEST(ModelConfigReaderTest, CustomOperatorsNeedTheFlagAndStayInTheDirectory) {
  constexpr std::string_view kText = "model_operations { op_library_filename: [ \"1/ops.so\" ] }";
  EXPECT_TRUE(text_refused(kText, ErrorCode::failed_precondition, "model_operations"));
  EXPECT_EQ(read_config_text(kText, {.allow_custom_ops = true}).config.custom_op_libraries,
            std::vector<std::string>{"1/ops.so"});
  for (const auto* path : {"/lib/ops.so", "../ops.so", "1/../../ops.so", "", "1//ops.so"}) {
    EXPECT_TRUE(test::throws_error(
        [&] {
          return read_config_text("model_operations { op_library_filename: \"" + std::string(path) + "\" }",
                                  {.allow_custom_ops = true});
        },
        ErrorCode::permission_denied, "model_operations"))
        << path;
  }
}

TEST(ModelConfigReaderTest, RefusesValuesThatMeanNothing) {
  const auto refused = [](std::string_view text, std::string_view part) {
    return text_refused(text, ErrorCode::invalid_argument, part);
  };
  EXPECT_TRUE(refused("max_batch_size: -1", "max_batch_size"));
  EXPECT_TRUE(refused("input { data_type: TYPE_FP32 }", "no name"));
  EXPECT_TRUE(refused("input { name: \"x\" dims: 0 }", "dimension 0"));
  EXPECT_TRUE(refused("input { name: \"x\" dims: -2 }", "dimension -2"));
  EXPECT_TRUE(refused("input { name: \"x\" data_type: 99 }", "99"));
  EXPECT_TRUE(refused("input { name: \"x\" format: 99 }", "99"));
  EXPECT_TRUE(refused("instance_group { count: -1 }", "count -1"));
  EXPECT_TRUE(refused("instance_group { count: 5000 }", "5000"));
  EXPECT_TRUE(refused("instance_group { count: 600 } instance_group { count: 600 }", "1200"));
  EXPECT_TRUE(refused("version_policy { latest { num_versions: 0 } }", "num_versions"));
  EXPECT_TRUE(refused("version_policy { specific { versions: -1 } }", "version -1"));
  EXPECT_TRUE(refused("dynamic_batching { preferred_batch_size: 0 }", "preferred_batch_size"));
  EXPECT_TRUE(refused("dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 }", "year"));
  EXPECT_TRUE(refused("dynamic_batching { priority_levels: 2 }", "default_priority_level"));
  EXPECT_TRUE(
      refused("dynamic_batching { priority_levels: 2 default_priority_level: 3 }", "default_priority_level"));
  EXPECT_TRUE(refused("dynamic_batching { priority_levels: 99999999999 default_priority_level: 1 }",
                      "priority_levels"));
  EXPECT_TRUE(refused("dynamic_batching { priority_queue_policy { key: 1 value { } } }", "level 1"));
  EXPECT_TRUE(refused("optimization { graph { level: 3 } }", "level is 3"));
  EXPECT_TRUE(refused("default_model_filename: \"../model.onnx\"", "default_model_filename"));
  EXPECT_TRUE(refused("default_model_filename: \"a/model.onnx\"", "default_model_filename"));
  EXPECT_TRUE(refused("model_warmup { name: \"w\" inputs { key: \"x\" value { } } }", "zero_data"));
  EXPECT_TRUE(
      text_refused("model_warmup { name: \"w\" inputs { key: \"x\" value { input_data_file: \"../x\" } } }",
                   ErrorCode::permission_denied, "input_data_file"));
}

TEST(ModelConfigReaderTest, RanksAreBounded) {
  std::string dims;
  for (int i = 0; i < 65; ++i) dims += " dims: 1";
  EXPECT_TRUE(
      text_refused("input { name: \"x\"" + dims + " }", ErrorCode::invalid_argument, "65 dimensions"));
}

}  // namespace
}  // namespace onda::serving
