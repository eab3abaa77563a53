#include "serving/model_config.h"

#include <array>
#include <utility>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "serving/preprocess_text.h"

namespace onda::serving {
namespace {

constexpr int kMaxThreads = 1024;

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& expected) {
  throw Error(ErrorCode::invalid_argument,
              "parameter " + base::quoted(key) + " is " + base::quoted(value) + ": expected " + expected);
}

int read_threads(const std::string& key, const std::string& value) {
  const auto number = base::parse_number<int>(value);
  if (!number || *number < 0 || *number > kMaxThreads)
    refuse(key, value, "a number of threads, 0 (the default) to " + std::to_string(kMaxThreads));
  return *number;
}

bool read_switch(const std::string& key, const std::string& value) {
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  refuse(key, value, "0 or 1");
}

MemoryStrategy read_strategy(const std::string& key, const std::string& value) {
  for (const auto strategy : {MemoryStrategy::recycling, MemoryStrategy::arena, MemoryStrategy::system}) {
    if (value == to_string(strategy)) return strategy;
  }
  refuse(key, value, "recycling, arena or system");
}

/// Errors of a value's own reader, with the key in front.
template <class Read>
auto read_named(const std::string& key, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    throw error.with_context("parameter " + base::quoted(key));
  }
}

bool apply_threads(const std::string& key, const std::string& value, SessionOptions& session) {
  if (key == "intra_op_thread_count") {
    session.intra_op_threads = read_threads(key, value);
  } else if (key == "inter_op_thread_count") {
    session.inter_op_threads = read_threads(key, value);
  } else if (key == "execution_mode") {
    session.execution_mode = read_switch(key, value) ? ExecutionMode::parallel : ExecutionMode::sequential;
  } else {
    return false;
  }
  return true;
}

bool apply_memory(const std::string& key, const std::string& value, ExecutionSettings& settings) {
  if (key == "enable_mem_arena") {
    if (!read_switch(key, value)) settings.session.memory = MemoryStrategy::system;
  } else if (key == "enable_mem_pattern") {
    settings.session.memory_pattern = read_switch(key, value);
  } else if (key == "memory.enable_memory_arena_shrinkage") {
    settings.warnings.push_back("parameter \"" + key +
                                "\" is not used: the allocator \"recycling\" gives memory back by itself");
  } else {
    return false;
  }
  return true;
}

void apply_own(const std::string& key, const std::string& value, ExecutionSettings& settings) {
  if (key == "onda.device") {
    settings.session.device = read_named(key, [&] { return Device::parse(value); });
  } else if (key == "onda.shape_policy") {
    settings.shape_policy = read_named(key, [&] { return parse_shape_policy(value); });
  } else if (key == "onda.allocator") {
    settings.session.memory = read_strategy(key, value);
  } else if (key == "onda.preprocess") {
    settings.preprocess = read_named(key, [&] { return parse_preprocess(value); });
  } else {
    throw Error(
        ErrorCode::invalid_argument,
        "parameter " + base::quoted(key) +
            " is unknown: there are onda.device, onda.shape_policy, onda.allocator and onda.preprocess");
  }
}

GraphOptimization optimization_of(int level) {
  switch (level) {
    case -1:
      return GraphOptimization::basic;
    case 1:
      return GraphOptimization::extended;
    case 2:
      return GraphOptimization::off;
    default:
      return GraphOptimization::all;
  }
}

constexpr std::array<std::pair<DType, std::string_view>, 14> kNames = {{{DType::boolean, "TYPE_BOOL"},
                                                                        {DType::uint8, "TYPE_UINT8"},
                                                                        {DType::uint16, "TYPE_UINT16"},
                                                                        {DType::uint32, "TYPE_UINT32"},
                                                                        {DType::uint64, "TYPE_UINT64"},
                                                                        {DType::int8, "TYPE_INT8"},
                                                                        {DType::int16, "TYPE_INT16"},
                                                                        {DType::int32, "TYPE_INT32"},
                                                                        {DType::int64, "TYPE_INT64"},
                                                                        {DType::float16, "TYPE_FP16"},
                                                                        {DType::float32, "TYPE_FP32"},
                                                                        {DType::float64, "TYPE_FP64"},
                                                                        {DType::string, "TYPE_STRING"},
                                                                        {DType::bfloat16, "TYPE_BF16"}}};

}  // namespace

ExecutionSettings execution_settings_of(const ModelConfig& config, const SessionOptions& defaults) {
  ExecutionSettings settings{.session = defaults};
  if (config.graph_level != 0) settings.session.graph_optimization = optimization_of(config.graph_level);
  // Ours come last: a map is in the order of its keys, and onda.allocator has to win over enable_mem_arena.
  for (const auto& [key, value] : config.parameters) {
    if (key.starts_with("onda.")) continue;
    if (key.starts_with("session.")) {
      settings.session.config[key] = value;
    } else if (!apply_threads(key, value, settings.session) && !apply_memory(key, value, settings)) {
      settings.warnings.push_back("parameter " + base::quoted(key) + " is not used");
    }
  }
  for (const auto& [key, value] : config.parameters) {
    if (key.starts_with("onda.")) apply_own(key, value, settings);
  }
  return settings;
}

SessionOptions session_options_of(const ModelConfig& config, const SessionOptions& defaults) {
  return execution_settings_of(config, defaults).session;
}

int instance_count(const ModelConfig& config) noexcept {
  int sum = 0;
  for (const auto& group : config.instance_groups) sum += group.count;
  return sum;
}

std::string_view config_name(DType dtype) noexcept {
  for (const auto& [known, name] : kNames) {
    if (known == dtype) return name;
  }
  return {};
}

}  // namespace onda::serving
