// What a prepared model's key leaves out must not change what is saved.
#include <gtest/gtest.h>
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "runtime/environment.h"
#include "runtime/prepared_weights.h"
#include "runtime/session_config.h"
#include "runtime/status.h"
#include "support/runtime.h"
#include "support/temp_directory.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "weights";

struct Settings {
  const char* name;
  SessionOptions options;
};

std::vector<Settings> runtime_only_settings() {
  std::vector<Settings> all(8);
  all[0].name = "one thread";
  all[0].options.intra_op_threads = 1;
  all[1].name = "two threads";
  all[1].options.intra_op_threads = 2;
  all[2].name = "five threads";
  all[2].options.intra_op_threads = 5;
  all[3].name = "no spinning";
  all[3].options.spinning = false;
  all[4].name = "no memory pattern";
  all[4].options.memory_pattern = false;
  all[5].name = "system";
  all[5].options.memory = MemoryStrategy::system;
  all[6].name = "spinning settings";
  all[6].options.config = {{"session.intra_op.spin_duration_us", "100"}, {"session.dynamic_block_base", "4"}};
  all[7].name = "arena";
  all[7].options.memory = MemoryStrategy::arena;
  return all;
}

/// The optimised model, as ONNX Runtime saves it in the format that the path's extension names; in ONNX
/// format as the external form has it.
std::vector<std::byte> saved(const fs::path& model, const SessionOptions& options, const fs::path& path) {
  const Runtime runtime = test::runtime();
  Environment& environment = *runtime.environment();
  const OrtApi& api = environment.api();
  const auto settled = settle_options(environment, options);
  const bool ort = path.extension() == ".ort";
  const auto handle = make_session_options(
      environment, settled, {.save_to = path, .save_weights = ort ? std::string() : std::string(kWeights)});
  OrtSession* session = nullptr;
  check(api, api.CreateSession(environment.env(), model.c_str(), handle.get(), &session), "save");
  api.ReleaseSession(session);
  auto bytes = base::read_file(path, 64 << 20);
  if (!ort) {
    const auto weights = base::read_file(path.parent_path() / kWeights, 64 << 20);
    bytes.insert(bytes.end(), weights.begin(), weights.end());
  }
  return bytes;
}

std::vector<std::vector<std::byte>> sorted_weights(const std::vector<std::byte>& model) {
  std::vector<std::vector<std::byte>> weights;
  for (const auto weight : find_weights(model)) weights.emplace_back(weight.begin(), weight.end());
  std::sort(weights.begin(), weights.end());
  return weights;
}

class PreparedSettings : public testing::TestWithParam<const char*> {};

/// In ONNX format to the last byte of the graph, the weights and their packed forms. Two saves in ORT format
/// differ under equal settings too, in the order of ONNX Runtime's own tables, so there the weights are
/// compared.
TEST_P(PreparedSettings, OutsideTheKeyDoNotChangeWhatIsSaved) {
  const test::TempDirectory temp;
  const fs::path model = test::model_path(GetParam());
  std::vector<std::byte> onnx;
  std::vector<std::vector<std::byte>> weights;
  for (const Settings& settings : runtime_only_settings()) {
    const auto as_onnx = saved(model, settings.options, temp / "saved.onnx");
    const auto as_ort = sorted_weights(saved(model, settings.options, temp / "saved.ort"));
    if (onnx.empty()) {
      onnx = as_onnx;
      weights = as_ort;
    }
    EXPECT_TRUE(as_onnx == onnx) << settings.name;
    EXPECT_TRUE(as_ort == weights) << settings.name;
  }
  EXPECT_FALSE(onnx.empty());
  SessionOptions less;
  less.graph_optimization = GraphOptimization::off;
  EXPECT_FALSE(saved(model, less, temp / "saved.onnx") == onnx) << "the comparison can fail";
}

INSTANTIATE_TEST_SUITE_P(Models, PreparedSettings,
                         testing::Values("tiny.onnx", "transformer.onnx", "qdq.onnx"));

}  // namespace
}  // namespace onda::runtime
