#pragma once

#include <span>
#include <string>
#include <string_view>

#include "serving/model_config_reader.h"

namespace onda::serving {

/// Reads the JSON of a configuration that a client sends for the model `name`. It may set only what cannot
/// reach beyond that model: its name (the same), max_batch_size, inputs and outputs, dynamic batching, the
/// number of instances, the version policy, threads and execution mode, the graph level, and warm-up with
/// made data. Labels must be among `uploaded_files`, the files that came along, relative to the model's
/// directory. Anything else that is set is permission_denied, with its name. Throws as `read_config_json`
/// otherwise.
[[nodiscard]] ReadConfig read_network_config(std::string_view json, std::string_view name,
                                             std::span<const std::string> uploaded_files = {});

}  // namespace onda::serving
