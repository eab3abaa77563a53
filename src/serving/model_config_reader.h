#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "serving/model_config.h"

namespace onda::serving {

/// Which parts of a configuration were given: a written `max_batch_size: 0` is not the same as none.
struct ConfigParts {
  bool max_batch_size = false;
  bool version_policy = false;
  bool graph_level = false;
};

struct ReadConfig {
  ModelConfig config;
  ConfigParts given;
  /// What was found and is not used, one sentence each, naming the field.
  std::vector<std::string> warnings;
};

struct ConfigReadOptions {
  /// `model_operations` is accepted. Only for files of the machine itself.
  bool allow_custom_ops = false;
};

/// The largest text that is read.
constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

/// Protobuf's text format (config.pbtxt). An unknown field is a warning. Throws invalid_argument for
/// malformed text, with line:column, and for values that mean nothing; resource_exhausted for one that is too
/// large; unimplemented, naming the field, for what would make answers wrong if it were ignored (another
/// backend or platform, ensembles, sequence batching, decoupled models, ragged batches, batch_input, …);
/// failed_precondition for custom operator libraries that are not allowed.
[[nodiscard]] ReadConfig read_config_text(std::string_view text, const ConfigReadOptions& options = {});

/// Protobuf's JSON, in which numbers may be strings. Any part may be missing. Throws as above; an unknown
/// field is invalid_argument.
[[nodiscard]] ReadConfig read_config_json(std::string_view text, const ConfigReadOptions& options = {});

}  // namespace onda::serving
