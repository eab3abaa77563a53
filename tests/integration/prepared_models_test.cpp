// Prepared models beside plain ones, where it takes a large model or real input. What the small ones of the
// repository show is in tests/runtime/prepared_session_test.cpp.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/files.h"
#include "onda/prepared_model.h"
#include "onda/preprocess.h"
#include "onda/session.h"
#include "support/paths.h"
#include "support/prepared_form.h"
#include "support/run_process.h"
#include "support/temp_directory.h"
#include "support/tensor_matchers.h"

namespace onda {
namespace {

namespace fs = std::filesystem;

/// In each form that entries have.
class PreparedModelsTest : public testing::TestWithParam<runtime::PreparedForm> {
 protected:
  [[nodiscard]] Session open(const fs::path& model, Preparation preparation) const {
    return Session::open(runtime_, model,
                         {.graph_optimization = GraphOptimization::all,
                          .preparation = preparation,
                          .verification = Verification::structure,
                          .cache_directory = cache_.path()});
  }

  /// Every output of both, byte for byte.
  static void expect_same_answers(const Session& a, const Session& b, const TensorView& input) {
    const auto x = a.run(input);
    const auto y = b.run(input);
    ASSERT_FALSE(x.empty());
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(x[i].name, y[i].name);
      EXPECT_TRUE(test::same_tensor(x[i].tensor.view(), y[i].tensor.view())) << x[i].name;
    }
  }

  test::TempDirectory cache_;
  Runtime runtime_ = test::runtime_preparing(GetParam());
};

TEST_P(PreparedModelsTest, TheDigitsModelAnswersTheSameForEveryHeldOutImage) {
  const auto examples = test::source_dir() / "examples/digits";
  const auto plain = open(examples / "digits.onnx", Preparation::off);
  const auto prepared = open(examples / "digits.onnx", Preparation::make);
  ASSERT_EQ(prepared.prepared(), PreparedState::used);
  const auto steps = derive_preprocess(Preprocess::raw(), plain.inputs()[0].dtype, plain.inputs()[0].shape);
  std::size_t images = 0;
  for (const auto& file : fs::directory_iterator(examples / "images")) {
    const Tensor image = load_image(base::read_file(file.path(), 1 << 20), steps);
    expect_same_answers(plain, prepared, image.view());
    ++images;
  }
  EXPECT_GE(images, 300U);
}

/// ResNet-50 is not committed, as it has 98 MB.
class ResNet50Test : public PreparedModelsTest {
 protected:
  void SetUp() override {
    const char* wanted = std::getenv("ONDA_TEST_MODELS");
    model_ = (wanted != nullptr ? fs::path(wanted) : test::source_dir() / "build/models") / "resnet50.onnx";
    if (fs::exists(model_)) return;
    const std::string advice = model_.string() + " is missing; tools/make_models.sh resnet50 writes it";
    if (wanted != nullptr) FAIL() << advice;
    GTEST_SKIP() << advice;
  }

  struct Memory {
    std::uint64_t loaded_kilobytes = 0;
    std::size_t mappings = 0;
  };
  /// Of a process that does nothing else.
  [[nodiscard]] Memory measure(const std::string& cache, int sessions) const {
    const auto result = test::run_process({(test::binary_dir() / "onda_session_probe").string(),
                                           model_.string(), cache, std::to_string(sessions)});
    if (result.exit_code != 0) throw std::runtime_error("the probe failed: " + result.err);
    return {value_of("loaded_kilobytes", result.out), value_of("mappings", result.out)};
  }
  static std::uint64_t value_of(const std::string& name, const std::string& output) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + "=")) return std::stoull(line.substr(name.size() + 1));
    }
    throw std::runtime_error("the probe told no " + name + ": " + output);
  }

  fs::path model_;
};

/// As a normalised image would be.
std::vector<float> normal_values(std::size_t count) {
  std::mt19937 random(50);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

TEST_P(ResNet50Test, AnswersTheSameInEveryBatch) {
  const auto plain = open(model_, Preparation::off);
  const auto prepared = open(model_, Preparation::make);
  ASSERT_EQ(prepared.prepared(), PreparedState::used);
  for (const std::int64_t batch : {1, 3}) {
    const Shape shape{batch, 3, 224, 224};
    const auto values = normal_values(shape.element_count());
    expect_same_answers(plain, prepared, TensorView::of<float>(shape, values));
  }
}

TEST_P(ResNet50Test, PreparedSessionsShareOneMappingAndHoldNoWeights) {
  const auto entry = PreparedModels(cache_.path()).warm(runtime_, model_);
  ASSERT_GT(entry.bytes, fs::file_size(model_) / 2);
  const auto plain = measure("-", 1);
  const auto one = measure(cache_.path().string(), 1);
  const auto four = measure(cache_.path().string(), 4);
  // The weights alone have 98 MB, which a plain session holds and a prepared one does not. `make bench` has
  // the goals.
  EXPECT_GT(plain.loaded_kilobytes, 95'000U);
  EXPECT_LT(one.loaded_kilobytes, 40'000U);
  EXPECT_LT(four.loaded_kilobytes, 4 * 40'000U);
  if (GetParam() == runtime::PreparedForm::ort) {
    EXPECT_EQ(one.mappings, 1U);
    EXPECT_EQ(four.mappings, 1U);
  }
  std::cout << "anonymous memory: " << plain.loaded_kilobytes / 1024 << " MB plain, "
            << one.loaded_kilobytes / 1024 << " MB prepared, " << four.loaded_kilobytes / 1024
            << " MB for four prepared sessions\n";
}

const auto kForms = testing::ValuesIn(test::kPreparedForms);
const auto kFormName = [](const auto& instance) { return test::name_of(instance.param); };
INSTANTIATE_TEST_SUITE_P(Forms, PreparedModelsTest, kForms, kFormName);
INSTANTIATE_TEST_SUITE_P(Forms, ResNet50Test, kForms, kFormName);

}  // namespace
}  // namespace onda
