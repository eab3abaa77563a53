#include "runtime/prepared_key.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace onda::runtime {
namespace {

/// Everything that a key is made of, so that a test can change one thing.
struct Parts {
  std::vector<IdentifiedFile> files = {{.name = "", .stamp = {}, .sha256 = std::string(64, 'a')},
                                       {.name = "w.bin", .stamp = {}, .sha256 = std::string(64, 'b')}};
  std::string version = "1.29.0";
  std::string build = "ORT Build Info: git-branch=x";
  std::string architecture = "x86_64";
  std::vector<std::string> features = {"avx2", "fma"};
  Device device;
  std::map<std::string, std::string> provider;
  SessionOptions options;

  [[nodiscard]] PreparedKey key() const {
    return prepared_key({.files = files,
                         .runtime_version = version,
                         .runtime_build = build,
                         .architecture = architecture,
                         .cpu_features = features,
                         .device = device,
                         .provider_options = provider,
                         .options = options});
  }
};

struct Change {
  const char* what;
  std::function<void(Parts&)> apply;
};

TEST(PreparedKey, IsTheSameForTheSameInputs) {
  EXPECT_EQ(Parts().key().name, Parts().key().name);
  EXPECT_EQ(Parts().key().material, Parts().key().material);
  EXPECT_EQ(Parts().key().name.size(), 64U);
}

TEST(PreparedKey, ChangesWithEverythingThatShapesTheGraph) {
  const std::vector<Change> changes = {
      {"model", [](Parts& p) { p.files[0].sha256[0] = 'c'; }},
      {"external data", [](Parts& p) { p.files[1].sha256[63] = 'c'; }},
      {"external data's name", [](Parts& p) { p.files[1].name = "v.bin"; }},
      {"one more file", [](Parts& p) { p.files.push_back(p.files[1]); }},
      {"ONNX Runtime's version", [](Parts& p) { p.version = "1.29.1"; }},
      {"its build", [](Parts& p) { p.build += ", build type=Debug"; }},
      {"architecture", [](Parts& p) { p.architecture = "aarch64"; }},
      {"CPU feature", [](Parts& p) { p.features.emplace_back("avx512f"); }},
      {"device", [](Parts& p) { p.device = {.kind = Device::Kind::cuda, .index = 0}; }},
      {"device's index", [](Parts& p) { p.device = {.kind = Device::Kind::cuda, .index = 1}; }},
      {"provider option", [](Parts& p) { p.provider["arena"] = "1"; }},
      {"provider option's value", [](Parts& p) { p.provider["arena"] = "2"; }},
      {"optimization", [](Parts& p) { p.options.graph_optimization = GraphOptimization::extended; }},
      {"optimization off", [](Parts& p) { p.options.graph_optimization = GraphOptimization::off; }},
      {"execution mode", [](Parts& p) { p.options.execution_mode = ExecutionMode::parallel; }},
      {"free dimension", [](Parts& p) { p.options.free_dimensions["N"] = 1; }},
      {"free dimension's size", [](Parts& p) { p.options.free_dimensions["N"] = 2; }},
      {"QDQ", [](Parts& p) { p.options.config["session.disable_quant_qdq"] = "1"; }},
      {"prepacking", [](Parts& p) { p.options.config["session.disable_prepacking"] = "1"; }},
      {"inlining", [](Parts& p) { p.options.config["session.disable_aot_function_inlining"] = "1"; }},
      {"optimizers", [](Parts& p) { p.options.config["optimization.disable_specified_optimizers"] = "X"; }},
      {"denormals", [](Parts& p) { p.options.config["session.set_denormal_as_zero"] = "1"; }},
      {"ARM fast math", [](Parts& p) { p.options.config["mlas.enable_gemm_fastmath_arm64_bfloat16"] = "1"; }},
      {"a key that nobody knows", [](Parts& p) { p.options.config["session.new_in_1_40"] = "1"; }},
      {"a key of no namespace", [](Parts& p) { p.options.config["unheard"] = "of"; }},
  };
  std::set<std::string> names = {Parts().key().name};
  for (const Change& change : changes) {
    Parts parts;
    change.apply(parts);
    EXPECT_TRUE(names.insert(parts.key().name).second) << change.what << " gives a key that was there before";
  }
}

TEST(PreparedKey, StaysWithEverythingThatOnlyRunsIt) {
  std::vector<Change> changes = {
      {"intra-op threads", [](Parts& p) { p.options.intra_op_threads = 7; }},
      {"inter-op threads", [](Parts& p) { p.options.inter_op_threads = 7; }},
      {"spinning", [](Parts& p) { p.options.spinning = false; }},
      {"memory pattern", [](Parts& p) { p.options.memory_pattern = false; }},
      {"arena", [](Parts& p) { p.options.memory = MemoryStrategy::arena; }},
      {"system", [](Parts& p) { p.options.memory = MemoryStrategy::system; }},
      {"profile", [](Parts& p) { p.options.profile = "p"; }},
      {"log level", [](Parts& p) { p.options.log_level = LogLevel::error; }},
      {"preparation", [](Parts& p) { p.options.preparation = Preparation::make; }},
      {"verification", [](Parts& p) { p.options.verification = Verification::full; }},
      {"cache", [](Parts& p) { p.options.cache_directory = "/elsewhere"; }},
      {"stamps", [](Parts& p) { p.files[0].stamp.inode = 9; }},
  };
  for (const char* key :
       {"session.intra_op.allow_spinning", "session.inter_op.allow_spinning",
        "session.intra_op.spin_duration_us", "session.intra_op.spin_backoff_max",
        "session.force_spinning_stop", "session.dynamic_block_base", "session.intra_op_thread_affinities",
        "session.use_env_allocators", "session.intra_op_num_threads"}) {
    changes.push_back({key, [key](Parts& p) { p.options.config[key] = "1"; }});
  }
  for (const Change& change : changes) {
    Parts parts;
    change.apply(parts);
    EXPECT_EQ(parts.key().name, Parts().key().name) << change.what;
  }
}

TEST(PreparedKey, NamesAndValuesDoNotRunIntoEachOther) {
  Parts one;
  one.options.config = {{"session.a", "b\nconfig session.c d"}};
  Parts two;
  two.options.config = {{"session.a", "b"}, {"session.c", "d"}};
  EXPECT_NE(one.key().material, two.key().material);
}

}  // namespace
}  // namespace onda::runtime
