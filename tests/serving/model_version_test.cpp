#include "serving/model_version.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/fake_executor.h"
#include "support/manual_timing.h"
#include "support/manual_workers.h"

namespace onda::serving {
namespace {

class Request final : public InferenceRequest {
 public:
  int completions = 0;

 protected:
  void on_complete() noexcept override { ++completions; }
};

/// A model of x FP32 [-1,2], an optional z INT64 [-1] and the outputs y and w.
class ModelVersionTest : public testing::Test {
 protected:
  std::shared_ptr<ModelVersion> make(ShapePolicy policy = ShapePolicy::strict) {
    VersionParts parts;
    parts.model = "m";
    parts.config.max_batch_size = 4;
    parts.inputs = {{"x", DType::float32, Shape{-1, 2}, false, true, {}},
                    {"z", DType::int64, Shape{-1, 1}, true, true, {}}};
    parts.outputs = {{"y", DType::float32, Shape{-1, 2}, false, true, {}}};
    parts.shape_policy = policy;
    auto executor = std::make_unique<test::FakeExecutor>();
    executor_ = executor.get();
    parts.executor = std::move(executor);
    version_ = std::make_shared<ModelVersion>(std::move(parts), workers_, timing_);
    return version_;
  }
  void add(std::string_view name, Shape shape) {
    values_.resize(1024);
    request_.inputs.push_back(
        {name, TensorView::of<float>(shape, std::span<const float>(values_.data(), shape.element_count()))});
  }
  /// The message of the refusal; "" where the request ran.
  std::string submit() {
    request_.version = version_;
    version_->submit(request_, Caller::any_thread);
    workers_.run_all();
    EXPECT_EQ(request_.completions, 1);
    return request_.result.error ? request_.result.error->what() : "";
  }

  test::ManualTiming timing_;
  test::ManualWorkers workers_;
  test::FakeExecutor* executor_ = nullptr;
  std::shared_ptr<ModelVersion> version_;
  std::vector<float> values_;
  Request request_;
};

TEST_F(ModelVersionTest, TakesWhatFits) {
  make();
  add("x", {3, 2});
  EXPECT_EQ(submit(), "");
}

TEST_F(ModelVersionTest, NamesWhatIsMissing) {
  make();
  const auto message = submit();
  EXPECT_NE(message.find("expected 1 inputs but got 0 inputs for model 'm'"), std::string::npos) << message;
  EXPECT_NE(message.find("'x'"), std::string::npos);
  EXPECT_EQ(version_->statistics().snapshot().fail.count, 1U);
}

TEST_F(ModelVersionTest, RefusesUnknownAndRepeatedInputs) {
  make();
  add("x", {1, 2});
  add("q", {1, 2});
  EXPECT_NE(submit().find("unexpected inference input 'q' for model 'm'"), std::string::npos);
  request_.reset();
  request_.completions = 0;
  add("x", {1, 2});
  add("x", {1, 2});
  EXPECT_NE(submit().find("input 'x' already exists in request"), std::string::npos);
}

TEST_F(ModelVersionTest, RefusesOtherShapesTypesAndBatches) {
  make();
  add("x", {1, 3});
  EXPECT_NE(submit().find("unexpected shape for input 'x' for model 'm'. Expected [-1,2], got [1,3]"),
            std::string::npos);
  EXPECT_EQ(request_.result.error->code(), ErrorCode::shape_mismatch);
  request_.reset();
  request_.completions = 0;
  add("x", {2});
  EXPECT_NE(submit().find("unexpected shape"), std::string::npos);
  request_.reset();
  request_.completions = 0;
  add("x", {5, 2});
  EXPECT_NE(submit().find("inference request batch-size must be <= 4 for 'm'"), std::string::npos);
  request_.reset();
  request_.completions = 0;
  const std::vector<std::int64_t> whole = {1, 2};
  request_.inputs.push_back(
      {"x", TensorView::of<std::int64_t>(Shape{1, 2}, std::span<const std::int64_t>(whole))});
  EXPECT_NE(submit().find("data-type is 'INT64', but model 'm' expects 'FP32'"), std::string::npos);
  EXPECT_EQ(request_.result.error->code(), ErrorCode::type_mismatch);
}

TEST_F(ModelVersionTest, InputsAgreeOnTheBatch) {
  make();
  add("x", {2, 2});
  const std::vector<std::int64_t> whole = {1, 2, 3};
  request_.inputs.push_back(
      {"z", TensorView::of<std::int64_t>(Shape{3, 1}, std::span<const std::int64_t>(whole))});
  EXPECT_NE(submit().find("batch size 3 does not match"), std::string::npos);
}

TEST_F(ModelVersionTest, RefusesUnknownAndRepeatedOutputs) {
  make();
  add("x", {1, 2});
  request_.outputs = {"nope"};
  EXPECT_EQ(submit().find("unexpected inference output 'nope' for model"), 0U);
  request_.reset();
  request_.completions = 0;
  add("x", {1, 2});
  request_.outputs = {"y", "y"};
  EXPECT_NE(submit().find("output 'y' already exists in request"), std::string::npos);
}

TEST_F(ModelVersionTest, ThePolicyDecidesHowFarAShapeMayBend) {
  make(ShapePolicy::reshape);
  add("x", {2});
  EXPECT_EQ(submit(), "");
  EXPECT_EQ(executor_->shapes().back(), (Shape{1, 2}));

  make(ShapePolicy::broadcast);
  request_.reset();
  request_.completions = 0;
  add("x", {3, 1});
  EXPECT_EQ(submit(), "");
  EXPECT_EQ(executor_->shapes().back(), (Shape{3, 2}));
}

}  // namespace
}  // namespace onda::serving
