#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/session.h"
#include "serving/model_config_reader.h"

namespace onda::serving {

/// What an open model says of itself. Borrowed.
struct ModelIo {
  std::span<const ValueInfo> inputs;
  std::span<const ValueInfo> outputs;
};

struct CompletionOptions {
  /// Of a model that turns out to be batchable and whose configuration gives none. 0: such a model does not
  /// batch.
  int default_max_batch_size = 64;
  /// Nothing is completed: what is missing is invalid_argument.
  bool strict = false;
};

struct CompletedConfig {
  ModelConfig config;
  std::vector<std::string> warnings;
};

/// Checks a configuration against the model and fills in what it leaves out; an empty `ReadConfig` stands for
/// none. `name` is the model's, which the configuration may repeat.
///
/// Without a given max_batch_size a model is batchable where all inputs and outputs share the same named
/// dynamic first dimension, and given dims agree with that. A given one above 0 needs first dimensions that
/// are dynamic; whether outputs really follow the batch is then known only when it runs.
///
/// Inputs that are not listed are added, outputs only where none is listed. Inputs come in the order of the
/// configuration, then of the model.
///
/// Throws invalid_argument, type_mismatch and shape_mismatch with what the configuration and what the model
/// says, unimplemented for a model whose inputs or outputs no client could name (sequences, maps, 4-bit
/// types, …).
[[nodiscard]] CompletedConfig complete_config(const ReadConfig& read, std::string_view name,
                                              const ModelIo& io, const CompletionOptions& options = {});

/// Whether all inputs and outputs have the same named dynamic first dimension.
[[nodiscard]] bool is_batchable(const ModelIo& io) noexcept;

}  // namespace onda::serving
