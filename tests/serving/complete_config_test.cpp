#include "serving/complete_config.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

ValueInfo value(std::string name, DType dtype, Shape shape, std::vector<std::string> names = {}) {
  ValueInfo info;
  info.name = std::move(name);
  info.dtype = dtype;
  info.shape = std::move(shape);
  info.dimension_names = std::move(names);
  info.dimension_names.resize(info.shape.rank());
  return info;
}

/// A model, and what becomes of a configuration for it.
struct Model {
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;

  [[nodiscard]] ModelIo io() const { return {inputs, outputs}; }
  [[nodiscard]] CompletedConfig complete(std::string_view text, const CompletionOptions& options = {}) const {
    return complete_config(read_config_text(text), "m", io(), options);
  }
  [[nodiscard]] testing::AssertionResult refuses(std::string_view text, ErrorCode code, std::string_view part,
                                                 std::string_view other = {}) const {
    return test::throws_error([&] { return complete(text); }, code, part, other);
  }
};

/// [N,3,H,W] to [N,10], [N,3,H,W] being named.
Model batchable() {
  return {{value("x", DType::float32, {-1, 3, -1, 4}, {"N", "", "H", ""})},
          {value("y", DType::float32, {-1, 10}, {"N", ""})}};
}
/// [2,3] to [2].
Model fixed() { return {{value("x", DType::int64, {2, 3})}, {value("y", DType::int64, {2})}}; }
/// [?,3] to [?].
Model unnamed() { return {{value("x", DType::float32, {-1, 3})}, {value("y", DType::float32, {-1})}}; }

TEST(CompleteConfigTest, ASharedNamedFirstDimensionIsTheBatch) {
  const ModelConfig config = batchable().complete("", {.default_max_batch_size = 32}).config;
  EXPECT_EQ(config.name, "m");
  EXPECT_EQ(config.platform, "onnxruntime_onnx");
  EXPECT_EQ(config.backend, "onnxruntime");
  EXPECT_EQ(config.default_model_filename, "model.onnx");
  EXPECT_EQ(config.max_batch_size, 32);
  ASSERT_EQ(config.inputs.size(), 1U);
  EXPECT_EQ(config.inputs[0].name, "x");
  EXPECT_EQ(config.inputs[0].dtype, DType::float32);
  EXPECT_EQ(config.inputs[0].dims, (Shape{3, -1, 4}));
  EXPECT_EQ(config.outputs.at(0).dims, Shape{10});
  EXPECT_FALSE(config.dynamic_batching);
}

TEST(CompleteConfigTest, WithoutAConfigOnlyThatIsBatchable) {
  const auto batches = [](const Model& model) { return model.complete("").config.max_batch_size > 0; };
  EXPECT_TRUE(batches(batchable()));
  EXPECT_FALSE(batches(fixed()));
  EXPECT_FALSE(batches(unnamed()));
  Model other = batchable();
  other.outputs[0].dimension_names[0] = "M";
  EXPECT_FALSE(batches(other));
  Model reduced = batchable();
  reduced.outputs.push_back(value("sum", DType::float32, {}));
  EXPECT_FALSE(batches(reduced));
  Model partly = batchable();
  partly.inputs.push_back(value("k", DType::int64, {1}));
  EXPECT_FALSE(batches(partly));
  Model unknown_rank = batchable();
  unknown_rank.outputs[0].has_shape = false;
  EXPECT_FALSE(batches(unknown_rank));
  Model none = batchable();
  none.inputs.clear();
  EXPECT_FALSE(batches(none));
}

TEST(CompleteConfigTest, AModelWithoutABatchHasItsFullDims) {
  const ModelConfig config = fixed().complete("").config;
  EXPECT_EQ(config.max_batch_size, 0);
  EXPECT_EQ(config.inputs[0].dims, (Shape{2, 3}));
  EXPECT_EQ(config.outputs[0].dims, Shape{2});
}

TEST(CompleteConfigTest, AGivenZeroStands) {
  const ModelConfig config = batchable().complete("max_batch_size: 0").config;
  EXPECT_EQ(config.max_batch_size, 0);
  EXPECT_EQ(config.inputs[0].dims, (Shape{-1, 3, -1, 4}));
}

TEST(CompleteConfigTest, NoDefaultIsNoBatch) {
  EXPECT_EQ(batchable().complete("", {.default_max_batch_size = 0}).config.max_batch_size, 0);
}

TEST(CompleteConfigTest, GivenDimsDecideWhereNoSizeIsGiven) {
  const auto size = [](std::string_view dims) {
    return batchable()
        .complete("input { name: \"x\" dims: [" + std::string(dims) + "] }")
        .config.max_batch_size;
  };
  EXPECT_EQ(size("3, 8, 4"), 64);
  EXPECT_EQ(size("-1, 3, 8, 4"), 0);
}

TEST(CompleteConfigTest, TheDefaultSizeTakesThePreferredOnes) {
  EXPECT_EQ(batchable().complete("dynamic_batching { preferred_batch_size: 100 }").config.max_batch_size,
            100);
  EXPECT_EQ(batchable().complete("dynamic_batching { preferred_batch_size: 10 }").config.max_batch_size, 64);
}

TEST(CompleteConfigTest, AnExplicitBatchNeedsDynamicFirstDimensions) {
  EXPECT_EQ(unnamed().complete("max_batch_size: 8").config.inputs[0].dims, Shape{3});
  EXPECT_EQ(unnamed().complete("max_batch_size: 8").config.outputs[0].dims, Shape{});
  EXPECT_TRUE(
      fixed().refuses("max_batch_size: 8", ErrorCode::shape_mismatch, "max_batch_size is 8", "[2,3]"));
  Model scalar = unnamed();
  scalar.outputs.push_back(value("s", DType::float32, {}));
  EXPECT_TRUE(scalar.refuses("max_batch_size: 8", ErrorCode::shape_mismatch, "output \"s\"", "[]"));
}

TEST(CompleteConfigTest, FillsInWhatAnEntryLeavesOut) {
  const ModelConfig config =
      batchable().complete("max_batch_size: 4 output { name: \"y\" label_filename: \"l.txt\" }").config;
  EXPECT_EQ(config.outputs.at(0).dtype, DType::float32);
  EXPECT_EQ(config.outputs[0].dims, Shape{10});
  EXPECT_EQ(config.outputs[0].label_filename, "l.txt");
  EXPECT_EQ(config.inputs.size(), 1U);
}

TEST(CompleteConfigTest, AddsInputsButLeavesChosenOutputs) {
  Model model = fixed();
  model.inputs.push_back(value("k", DType::int32, {}));
  model.outputs.push_back(value("z", DType::int32, {}));
  const ModelConfig config = model.complete("input { name: \"k\" } output { name: \"z\" }").config;
  ASSERT_EQ(config.inputs.size(), 2U);
  EXPECT_EQ(config.inputs[0].name, "k");
  EXPECT_EQ(config.inputs[1].name, "x");
  ASSERT_EQ(config.outputs.size(), 1U);
  EXPECT_EQ(config.outputs[0].name, "z");
}

TEST(CompleteConfigTest, ScalarsHaveNoDims) {
  Model model = fixed();
  model.inputs[0].shape = {};
  model.inputs[0].dimension_names.clear();
  EXPECT_EQ(model.complete("").config.inputs[0].dims, Shape{});
  EXPECT_FALSE(model.complete("").config.inputs[0].reshape);
  const TensorConfig one = model.complete("input { name: \"x\" dims: 1 }").config.inputs[0];
  EXPECT_EQ(one.dims, Shape{1});
  EXPECT_EQ(one.reshape, Shape{});
}

TEST(CompleteConfigTest, NamesThatTheModelLacksAreRefusedWithThoseItHas) {
  EXPECT_TRUE(
      fixed().refuses("input { name: \"a\" }", ErrorCode::invalid_argument, "\"a\"", "inputs are \"x\""));
  EXPECT_TRUE(
      fixed().refuses("output { name: \"x\" }", ErrorCode::invalid_argument, "\"x\"", "outputs are \"y\""));
  EXPECT_TRUE(
      fixed().refuses("input { name: \"x\" } input { name: \"x\" }", ErrorCode::invalid_argument, "twice"));
  EXPECT_TRUE(fixed().refuses("name: \"other\"", ErrorCode::invalid_argument, "\"other\"", "\"m\""));
  EXPECT_NO_THROW((void)fixed().complete("name: \"m\""));
}

TEST(CompleteConfigTest, AnotherTypeIsRefusedWithBoth) {
  EXPECT_TRUE(fixed().refuses("input { name: \"x\" data_type: TYPE_INT32 }", ErrorCode::type_mismatch,
                              "TYPE_INT32", "TYPE_INT64"));
}

TEST(CompleteConfigTest, DimsThatDoNotFitAreRefusedWithBoth) {
  EXPECT_TRUE(
      fixed().refuses("input { name: \"x\" dims: [2, 4] }", ErrorCode::shape_mismatch, "[2,4]", "[2,3]"));
  EXPECT_TRUE(fixed().refuses("input { name: \"x\" dims: [3] }", ErrorCode::shape_mismatch, "[3]", "[2,3]"));
  EXPECT_TRUE(
      fixed().refuses("input { name: \"x\" dims: [-1, 3] }", ErrorCode::shape_mismatch, "[-1,3]", "[2,3]"));
  EXPECT_TRUE(batchable().refuses("max_batch_size: 2 input { name: \"x\" dims: [1, 3, 8, 4] }",
                                  ErrorCode::shape_mismatch, "[1,3,8,4]", "[N,3,H,4]"));
  EXPECT_EQ(
      batchable().complete("max_batch_size: 2 input { name: \"x\" dims: [3, 8, 4] }").config.inputs[0].dims,
      (Shape{3, 8, 4}));
}

TEST(CompleteConfigTest, TheModelSeesTheReshape) {
  const TensorConfig input =
      fixed().complete("input { name: \"x\" dims: [6] reshape { shape: [2, 3] } }").config.inputs[0];
  EXPECT_EQ(input.dims, Shape{6});
  EXPECT_EQ(input.reshape, (Shape{2, 3}));
  EXPECT_TRUE(fixed().refuses("input { name: \"x\" dims: [6] reshape { shape: [3, 2] } }",
                              ErrorCode::shape_mismatch, "reshape [3,2]", "[2,3]"));
  EXPECT_TRUE(fixed().refuses("input { name: \"x\" dims: [5] reshape { shape: [2, 3] } }",
                              ErrorCode::shape_mismatch, "dims [5]", "[2,3]"));
}

TEST(CompleteConfigTest, AReshapeToAScalarOfABatch) {
  const ModelConfig config =
      unnamed().complete("max_batch_size: 8 output { name: \"y\" dims: [1] reshape { shape: [ ] } }").config;
  EXPECT_EQ(config.outputs[0].dims, Shape{1});
  EXPECT_EQ(config.outputs[0].reshape, Shape{});
}

TEST(CompleteConfigTest, AReshapeKeepsVariableDimensionsInOrder) {
  const std::string base = "max_batch_size: 8 input { name: \"x\" dims: ";
  EXPECT_NO_THROW((void)batchable().complete(base + "[1, 3, -1, 2, 2] reshape { shape: [3, -1, 4] } }"));
  EXPECT_TRUE(batchable().refuses(base + "[-1, 3, 4] reshape { shape: [3, -1, 4] } }",
                                  ErrorCode::shape_mismatch, "same elements"));
  EXPECT_TRUE(batchable().refuses(base + "[-1, -1, 12] reshape { shape: [3, -1, 4] } }",
                                  ErrorCode::shape_mismatch, "same elements"));
  EXPECT_TRUE(
      batchable().refuses(base + "[9223372036854775807, 9223372036854775807] reshape { shape: [3, -1, 4] } }",
                          ErrorCode::shape_mismatch, "same elements"));
}

TEST(CompleteConfigTest, OptionalInputsAreTheModels) {
  Model model = fixed();
  EXPECT_TRUE(model.refuses("input { name: \"x\" optional: true }", ErrorCode::invalid_argument, "optional"));
  model.inputs[0].optional = true;
  EXPECT_TRUE(model.complete("").config.inputs[0].optional);
  EXPECT_TRUE(model.complete("input { name: \"x\" }").config.inputs[0].optional);
}

TEST(CompleteConfigTest, AnUnknownRankTakesAnyShape) {
  Model model = fixed();
  model.inputs[0].has_shape = false;
  model.inputs[0].shape = {};
  const TensorConfig any = model.complete("").config.inputs[0];
  EXPECT_TRUE(any.any_shape);
  EXPECT_EQ(any.dims, Shape{-1});
  const TensorConfig given = model.complete("input { name: \"x\" dims: [4, 4] }").config.inputs[0];
  EXPECT_FALSE(given.any_shape);
  EXPECT_EQ(given.dims, (Shape{4, 4}));
}

TEST(CompleteConfigTest, WhatNoClientCanNameIsRefused) {
  Model model = fixed();
  model.outputs[0].kind = ValueKind::map;
  EXPECT_TRUE(model.refuses("", ErrorCode::unimplemented, "output \"y\"", "map"));
  model = fixed();
  model.inputs[0].dtype = DType::int4;
  EXPECT_TRUE(model.refuses("", ErrorCode::unimplemented, "input \"x\"", "int4"));
}

TEST(CompleteConfigTest, BatchingWithoutABatchIsAWarning) {
  const CompletedConfig completed = fixed().complete("dynamic_batching { }");
  ASSERT_EQ(completed.warnings.size(), 1U);
  EXPECT_NE(completed.warnings[0].find("dynamic_batching"), std::string::npos);
}

TEST(CompleteConfigTest, PreferredSizesAreNoLargerThanTheLargest) {
  EXPECT_TRUE(batchable().refuses("max_batch_size: 8 dynamic_batching { preferred_batch_size: [4, 16] }",
                                  ErrorCode::invalid_argument, "16", "8"));
}

TEST(CompleteConfigTest, StrictCompletesNothing) {
  const CompletionOptions strict{.strict = true};
  const auto lacks = [&](const std::string& text, std::string_view part) {
    return test::throws_error([&] { return fixed().complete(text, strict); }, ErrorCode::invalid_argument,
                              part, "switched off");
  };
  const std::string backend = "backend: \"onnxruntime\" ";
  const std::string input = "input { name: \"x\" data_type: TYPE_INT64 dims: [2, 3] } ";
  EXPECT_TRUE(lacks("", "backend"));
  EXPECT_TRUE(lacks(backend, "input \"x\""));
  EXPECT_TRUE(lacks(backend + "input { name: \"x\" dims: [2, 3] } output { name: \"y\" }",
                    "data_type of input \"x\""));
  EXPECT_TRUE(lacks(backend + "input { name: \"x\" data_type: TYPE_INT64 } output { name: \"y\" }",
                    "dims of input \"x\""));
  EXPECT_TRUE(lacks(backend + input, "outputs"));
  EXPECT_NO_THROW((void)fixed().complete(
      backend + input + "output { name: \"y\" data_type: TYPE_INT64 dims: 2 }", strict));
  // Nothing is derived either.
  EXPECT_EQ(batchable()
                .complete(backend + "input { name: \"x\" data_type: TYPE_FP32 dims: [-1, 3, -1, 4] } " +
                              "output { name: \"y\" data_type: TYPE_FP32 dims: [-1, 10] }",
                          strict)
                .config.max_batch_size,
            0);
}

TEST(CompleteConfigTest, WarmUpsFitTheModel) {
  const auto text = [](std::string_view inputs, int batch) {
    return "max_batch_size: 4 model_warmup { name: \"w\" batch_size: " + std::to_string(batch) + " " +
           std::string(inputs) + " }";
  };
  const std::string good =
      "inputs { key: \"x\" value { data_type: TYPE_FP32 dims: [3, 8, 4] zero_data: true } }";
  EXPECT_EQ(batchable().complete(text(good, 0)).config.warm_ups.at(0).batch_size, 1U);
  EXPECT_EQ(batchable().complete(text(good, 4)).config.warm_ups.at(0).count, 1U);
  EXPECT_TRUE(batchable().refuses(text(good, 5), ErrorCode::invalid_argument, "batch_size 5"));
  EXPECT_TRUE(batchable().refuses(text("", 1), ErrorCode::invalid_argument, "lacks input \"x\""));
  EXPECT_TRUE(batchable().refuses(
      text("inputs { key: \"z\" value { data_type: TYPE_FP32 dims: 3 zero_data: true } }", 1),
      ErrorCode::invalid_argument, "\"z\""));
  EXPECT_TRUE(batchable().refuses(
      text("inputs { key: \"x\" value { data_type: TYPE_FP16 dims: [3, 8, 4] zero_data: true } }", 1),
      ErrorCode::type_mismatch, "TYPE_FP16"));
  EXPECT_TRUE(batchable().refuses(
      text("inputs { key: \"x\" value { data_type: TYPE_FP32 dims: [3, 8, 5] zero_data: true } }", 1),
      ErrorCode::shape_mismatch, "[3,8,5]"));
}

}  // namespace
}  // namespace onda::serving
