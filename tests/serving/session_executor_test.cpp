#include "serving/session_executor.h"

#include <gtest/gtest.h>

#include <vector>

#include "serving/configured_executor.h"
#include "serving/tensor_reshape.h"
#include "support/error_matchers.h"
#include "support/runtime.h"

namespace onda::serving {
namespace {

Session open(const std::string& model) {
  SessionOptions options;
  options.intra_op_threads = 1;
  return Session::open(test::runtime(), test::model_path(model), options);
}

std::vector<float> floats(const TensorView& tensor) {
  const auto values = tensor.as<float>();
  return {values.begin(), values.end()};
}

TEST(SessionExecutor, GivesAllOutputsInTheModelsOrder) {
  SessionExecutor executor({open("split.onnx"), std::nullopt});
  EXPECT_TRUE(executor.is_predictable());
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  const NamedView input{"x", TensorView::of<float>(Shape{1, 6}, std::span<const float>(x))};
  Executed executed;
  executor.run({&input, 1}, Parallelism::one_thread, {}, executed);
  ASSERT_EQ(executed.outputs.size(), 3U);
  EXPECT_EQ(executed.outputs[0].name, "a");
  EXPECT_EQ(floats(executed.outputs[1].tensor), std::vector<float>({2, 3}));
  EXPECT_EQ(floats(executed.outputs[2].tensor), std::vector<float>({4, 5, 6}));
}

TEST(SessionExecutor, OutputsLiveAsLongAsTheirHold) {
  SessionExecutor executor({open("identity_float32.onnx"), std::nullopt});
  const std::vector<float> one(4, 1);
  const std::vector<float> two(4, 2);
  const NamedView first{"x", TensorView::of<float>(Shape{1, 4}, std::span<const float>(one))};
  const NamedView second{"x", TensorView::of<float>(Shape{1, 4}, std::span<const float>(two))};
  Executed executed;
  executor.run({&first, 1}, Parallelism::one_thread, {}, executed);
  const auto kept = executed;
  executor.run({&second, 1}, Parallelism::one_thread, {}, executed);
  EXPECT_EQ(floats(kept.outputs[0].tensor), one);
  EXPECT_EQ(floats(executed.outputs[0].tensor), two);
}

TEST(SessionExecutor, KnowsWhenSizesDoNotTellTheOutputs) {
  EXPECT_FALSE(SessionExecutor({open("range_int64.onnx"), std::nullopt}).is_predictable());
  EXPECT_FALSE(SessionExecutor({open("identity_string.onnx"), std::nullopt}).is_predictable());
  EXPECT_TRUE(SessionExecutor({open("tiny.onnx"), std::nullopt}).is_predictable());
}

TEST(SessionExecutor, RunsStringsAndUnknownRanks) {
  SessionExecutor executor({open("identity_string.onnx"), std::nullopt});
  const std::vector<std::string> texts = {"a", std::string("b\0c", 3), "", "d"};
  const NamedView input{"x", TensorView(Shape{1, 4}, texts)};
  Executed executed;
  executor.run({&input, 1}, Parallelism::one_thread, {}, executed);
  const auto strings = executed.outputs.at(0).tensor.strings();
  EXPECT_EQ(std::vector<std::string>(strings.begin(), strings.end()), texts);
}

TEST(SessionExecutor, AReplacedSessionEndsItsRuns) {
  SessionExecutor executor({open("identity_float32.onnx"), std::nullopt});
  const std::vector<float> one(4, 1);
  const NamedView input{"x", TensorView::of<float>(Shape{1, 4}, std::span<const float>(one))};
  Executed before;
  executor.run({&input, 1}, Parallelism::one_thread, {}, before);
  executor.replace({open("identity_float32.onnx"), open("identity_float32.onnx")});
  Executed after;
  executor.run({&input, 1}, Parallelism::whole_machine, {}, after);
  EXPECT_EQ(floats(before.outputs[0].tensor), one);
  EXPECT_EQ(floats(after.outputs[0].tensor), one);
  EXPECT_TRUE(executor.sessions().whole_machine.has_value());
}

TEST(ConfiguredExecutor, ChoosesOrdersAndReshapesOutputs) {
  std::vector<ConfiguredExecutor::Output> outputs(2);
  outputs[0].index = 2;
  outputs[0].reshape = TensorReshape(Shape{3, 1}, Shape{3}, true);
  outputs[1].index = 0;
  ConfiguredExecutor executor(
      std::make_unique<SessionExecutor>(SessionExecutor::Sessions{open("split.onnx"), std::nullopt}),
      outputs);
  const std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const NamedView input{"x", TensorView::of<float>(Shape{2, 6}, std::span<const float>(x))};
  Executed executed;
  executor.run({&input, 1}, Parallelism::one_thread, {}, executed);
  ASSERT_EQ(executed.outputs.size(), 2U);
  EXPECT_EQ(executed.outputs[0].name, "c");
  EXPECT_EQ(executed.outputs[0].tensor.shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(floats(executed.outputs[0].tensor), std::vector<float>({4, 5, 6, 10, 11, 12}));
  EXPECT_EQ(executed.outputs[1].name, "a");
}

TEST(TensorReshape, CarriesDynamicDimensionsOverInOrder) {
  const TensorReshape reshape(Shape{-1, 1, -1}, Shape{-1, -1}, true);
  EXPECT_EQ(reshape.to_model(Shape{8, 2, 1, 5}), (Shape{8, 2, 5}));
  EXPECT_EQ(reshape.to_client(Shape{8, 2, 5}), (Shape{8, 2, 1, 5}));
  const TensorReshape scalar(Shape{1}, Shape{}, true);
  EXPECT_EQ(scalar.to_model(Shape{4, 1}), (Shape{4}));
  EXPECT_TRUE(test::throws_error(
      [&] {
        return reshape.to_client(Shape{8, 2});
      },
      ErrorCode::internal, "[8,2]"));
  EXPECT_EQ(TensorReshape().to_model(Shape{3}), (Shape{3}));
}

}  // namespace
}  // namespace onda::serving
