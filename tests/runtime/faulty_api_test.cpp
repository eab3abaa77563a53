#include "support/faulty_api.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "onda/error.h"
#include "onda/prepared_model.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "support/prepared_form.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda {
namespace {

/// Runs `scenario` with its first call failing, then its second, and so on until it ends without a failure.
/// Each failure must come out as an `Error` that carries ONNX Runtime's text, or be survived where
/// `may_survive` says so (then the scenario checks its own results). Address and leak sanitizers watch what
/// is left behind. Returns the names of the calls that failed.
std::set<std::string> fail_each_call(test::FaultyApi& api, const std::function<void()>& scenario,
                                     const std::set<std::string>& may_survive = {}) {
  std::set<std::string> failed;
  for (int n = 1;; ++n) {
    api.fail_call(n);
    bool thrown = false;
    try {
      scenario();
    } catch (const Error& error) {
      thrown = true;
      EXPECT_NE(std::string(error.what()).find("this call was made to fail"), std::string::npos)
          << error.what();
    }
    if (api.failed() == nullptr) {
      EXPECT_FALSE(thrown);
      return failed;
    }
    EXPECT_TRUE(thrown || may_survive.contains(api.failed())) << api.failed() << " failed and nobody noticed";
    failed.insert(api.failed());
  }
}

class FaultyApiTest : public testing::Test {
 protected:
  FaultyApiTest() : real_(test::runtime()), api_(real_.environment()->api()) {}

  [[nodiscard]] Runtime faulty_runtime() const {
    return Runtime(runtime::Environment::create(api_.table(), {}));
  }

  Runtime real_;
  test::FaultyApi api_;
};

TEST_F(FaultyApiTest, MakingTheEnvironment) {
  const auto failed = fail_each_call(api_, [&] { static_cast<void>(faulty_runtime()); });
  EXPECT_TRUE(failed.contains("CreateEnvWithOptions"));
  EXPECT_TRUE(failed.contains("GetAvailableProviders"));
  EXPECT_TRUE(failed.contains("CreateCpuMemoryInfo"));
}

TEST_F(FaultyApiTest, OpeningAModel) {
  const auto runtime = faulty_runtime();
  const test::TempDirectory directory;
  const SessionOptions options{.inter_op_threads = 1,
                               .execution_mode = ExecutionMode::parallel,
                               .spinning = false,
                               .memory = MemoryStrategy::system,
                               .memory_pattern = false,
                               .free_dimensions = {{"N", 1}},
                               .config = {{"session.intra_op.spin_duration_us", "10"}},
                               .profile = directory / "profile"};
  const auto failed = fail_each_call(
      api_, [&] { static_cast<void>(Session::open(runtime, test::model_path("tiny.onnx"), options)); });
  EXPECT_TRUE(failed.contains("CreateSession"));
  EXPECT_TRUE(failed.contains("AddFreeDimensionOverrideByName"));
  EXPECT_GE(failed.size(), 25U);
}

TEST_F(FaultyApiTest, OpeningAModelWithExternalDataMetadataAndOptionalInputs) {
  const auto runtime = faulty_runtime();
  for (const auto* model : {"external.onnx", "custom_metadata.onnx", "initializer_as_input.onnx"}) {
    const auto failed =
        fail_each_call(api_, [&] { static_cast<void>(Session::open(runtime, test::model_path(model))); });
    EXPECT_GE(failed.size(), 20U);
  }
}

TEST_F(FaultyApiTest, RunningAModel) {
  const auto runtime = faulty_runtime();
  const auto session = Session::open(runtime, test::model_path("tiny.onnx"));
  const std::vector<float> x(64);
  const std::array<NamedView, 1> inputs = {{{"x", TensorView::of<float>({1, 64}, x)}}};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  const auto failed =
      fail_each_call(api_, [&] { static_cast<void>(session.run(inputs, {.deadline = deadline})); });
  EXPECT_TRUE(failed.contains("Run"));
  EXPECT_TRUE(failed.contains("CreateRunOptions"));
  EXPECT_TRUE(failed.contains("CreateTensorWithDataAsOrtValue"));
  EXPECT_TRUE(failed.contains("GetTensorMutableData"));
}

TEST_F(FaultyApiTest, RunningAModelIntoLentBuffers) {
  const auto runtime = faulty_runtime();
  const auto session = Session::open(runtime, test::model_path("split.onnx"));
  const std::vector<float> x(6);
  const std::array<NamedView, 1> inputs = {{{"x", TensorView::of<float>({1, 6}, x)}}};
  std::array<float, 2> b{};
  const std::array<NamedMutableView, 1> lent = {{{"b", MutableTensorView::of<float>({1, 2}, b)}}};
  const auto failed = fail_each_call(api_, [&] { static_cast<void>(session.run(inputs, lent)); });
  EXPECT_TRUE(failed.contains("Run"));
}

TEST_F(FaultyApiTest, RunningAModelOnStrings) {
  const auto runtime = faulty_runtime();
  const auto session = Session::open(runtime, test::model_path("identity_string.onnx"));
  const std::vector<std::string> x = {"a", "b", "c", "d"};
  const std::array<NamedView, 1> inputs = {{{"x", TensorView({1, 4}, x)}}};
  const auto failed = fail_each_call(api_, [&] { static_cast<void>(session.run(inputs)); });
  EXPECT_TRUE(failed.contains("GetResizedStringTensorElementBuffer"));
  EXPECT_TRUE(failed.contains("GetStringTensorContent"));
}

class FaultyApiPreparedTest : public FaultyApiTest,
                              public testing::WithParamInterface<runtime::PreparedForm> {};

TEST_P(FaultyApiPreparedTest, APreparedModelThatFailsFallsBackToThePlainOne) {
  const Runtime runtime(
      runtime::Environment::create(api_.table(), {}, test::external_form_bytes(GetParam())));
  const std::vector<float> x(64);
  const auto view = TensorView::of<float>({1, 64}, x);
  const auto expected = Session::open(real_, test::model_path("tiny.onnx")).run(view);
  // All that making and opening an entry calls may fail: the plain model answers then.
  std::set<std::string> any;
  for (const auto* name : {"CreateSession", "CreateSessionFromArray", "CreateSessionOptions",
                           "SetIntraOpNumThreads", "SetInterOpNumThreads", "SetSessionExecutionMode",
                           "SetSessionGraphOptimizationLevel", "SetSessionLogSeverityLevel",
                           "DisableMemPattern", "AddSessionConfigEntry", "SetOptimizedModelFilePath"}) {
    any.insert(name);
  }
  const auto failed = fail_each_call(
      api_,
      [&] {
        const test::TempDirectory cache;
        const auto session = Session::open(runtime, test::model_path("tiny.onnx"),
                                           {.preparation = Preparation::make,
                                            .verification = Verification::structure,
                                            .cache_directory = cache.path()});
        const auto outputs = session.run(view);
        const auto actual = outputs[0].tensor.bytes();
        EXPECT_TRUE(std::equal(actual.begin(), actual.end(), expected[0].tensor.bytes().begin()));
      },
      any);
  EXPECT_TRUE(failed.contains("SetOptimizedModelFilePath"));
  EXPECT_TRUE(failed.contains("CreateSessionFromArray"));
}

INSTANTIATE_TEST_SUITE_P(Forms, FaultyApiPreparedTest, testing::ValuesIn(test::kPreparedForms),
                         [](const auto& instance) { return test::name_of(instance.param); });

}  // namespace
}  // namespace onda
