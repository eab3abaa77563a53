#include "serving/model_config.h"

#include <gtest/gtest.h>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

ModelConfig with(std::map<std::string, std::string> parameters) {
  ModelConfig config;
  config.parameters = std::move(parameters);
  return config;
}

TEST(ModelConfigTest, LeavesTheDefaultsWhereNothingIsSaid) {
  SessionOptions defaults;
  defaults.intra_op_threads = 3;
  defaults.graph_optimization = GraphOptimization::basic;
  const ExecutionSettings settings = execution_settings_of({}, defaults);
  EXPECT_EQ(settings.session.intra_op_threads, 3);
  EXPECT_EQ(settings.session.graph_optimization, GraphOptimization::basic);
  EXPECT_EQ(settings.shape_policy, ShapePolicy::strict);
  EXPECT_FALSE(settings.preprocess);
  EXPECT_TRUE(settings.warnings.empty());
}

TEST(ModelConfigTest, ThreadsModeAndMemoryReachTheSession) {
  const SessionOptions options = session_options_of(with({{"intra_op_thread_count", "4"},
                                                          {"inter_op_thread_count", "2"},
                                                          {"execution_mode", "1"},
                                                          {"enable_mem_arena", "0"},
                                                          {"enable_mem_pattern", "0"},
                                                          {"session.intra_op.allow_spinning", "0"}}),
                                                    {});
  EXPECT_EQ(options.intra_op_threads, 4);
  EXPECT_EQ(options.inter_op_threads, 2);
  EXPECT_EQ(options.execution_mode, ExecutionMode::parallel);
  EXPECT_EQ(options.memory, MemoryStrategy::system);
  EXPECT_EQ(options.memory_pattern, false);
  EXPECT_EQ(options.config.at("session.intra_op.allow_spinning"), "0");
  EXPECT_EQ(options.config.size(), 1U);
}

TEST(ModelConfigTest, OursReachSessionAndScheduler) {
  const ExecutionSettings settings = execution_settings_of(with({{"onda.device", "cuda:1"},
                                                                 {"onda.shape_policy", "reshape"},
                                                                 {"onda.allocator", "arena"},
                                                                 {"onda.preprocess", "imagenet crop=192"}}),
                                                           {});
  EXPECT_EQ(to_string(settings.session.device), "cuda:1");
  EXPECT_EQ(settings.shape_policy, ShapePolicy::reshape);
  EXPECT_EQ(settings.session.memory, MemoryStrategy::arena);
  ASSERT_TRUE(settings.preprocess);
  EXPECT_EQ(settings.preprocess->resize_shortest, 256);
  EXPECT_TRUE(settings.warnings.empty());
}

TEST(ModelConfigTest, AnAllocatorByNameWinsOverTheArenaSwitch) {
  const auto options =
      session_options_of(with({{"enable_mem_arena", "0"}, {"onda.allocator", "recycling"}}), {});
  EXPECT_EQ(options.memory, MemoryStrategy::recycling);
}

TEST(ModelConfigTest, GraphLevelsHaveTheirMeaning) {
  const auto optimization = [](int level) {
    ModelConfig config;
    config.graph_level = level;
    return session_options_of(config, {}).graph_optimization;
  };
  EXPECT_EQ(optimization(-1), GraphOptimization::basic);
  EXPECT_EQ(optimization(0), GraphOptimization::all);
  EXPECT_EQ(optimization(1), GraphOptimization::extended);
  EXPECT_EQ(optimization(2), GraphOptimization::off);
}

TEST(ModelConfigTest, NamesParametersThatAreNotUsed) {
  const auto settings = execution_settings_of(
      with({{"gpu_mem_limit", "1"}, {"memory.enable_memory_arena_shrinkage", "cpu:0"}}), {});
  ASSERT_EQ(settings.warnings.size(), 2U);
  EXPECT_NE(settings.warnings[0].find("\"gpu_mem_limit\""), std::string::npos);
  EXPECT_NE(settings.warnings[1].find("memory.enable_memory_arena_shrinkage"), std::string::npos);
}

TEST(ModelConfigTest, RefusesValuesThatMeanNothing) {
  const auto refused = [](const std::string& key, const std::string& value) {
    return test::throws_error(
        [&] {
          return session_options_of(with({{key, value}}), {});
        },
        ErrorCode::invalid_argument, '"' + key + '"');
  };
  EXPECT_TRUE(refused("intra_op_thread_count", "-1"));
  EXPECT_TRUE(refused("intra_op_thread_count", "two"));
  EXPECT_TRUE(refused("intra_op_thread_count", ""));
  EXPECT_TRUE(refused("inter_op_thread_count", "100000"));
  EXPECT_TRUE(refused("execution_mode", "2"));
  EXPECT_TRUE(refused("enable_mem_arena", "maybe"));
  EXPECT_TRUE(refused("onda.device", "tpu"));
  EXPECT_TRUE(refused("onda.shape_policy", "loose"));
  EXPECT_TRUE(refused("onda.allocator", "jemalloc"));
  EXPECT_TRUE(refused("onda.preprocess", "crop=0"));
  EXPECT_TRUE(refused("onda.devices", "cpu"));
}

TEST(ModelConfigTest, CountsTheInstancesOfAllGroups) {
  ModelConfig config;
  EXPECT_EQ(instance_count(config), 0);
  config.instance_groups = {{.count = 2}, {.count = 3}, {}};
  EXPECT_EQ(instance_count(config), 5);
}

TEST(ModelConfigTest, NamesTheTypesThatClientsKnow) {
  EXPECT_EQ(config_name(DType::float32), "TYPE_FP32");
  EXPECT_EQ(config_name(DType::string), "TYPE_STRING");
  EXPECT_EQ(config_name(DType::bfloat16), "TYPE_BF16");
  EXPECT_EQ(config_name(DType::int4), "");
  EXPECT_EQ(config_name(DType::undefined), "");
}

}  // namespace
}  // namespace onda::serving
