#pragma once

#include <string_view>

#include "serving/model_config_reader.h"

namespace inference {
class ModelConfig;
}

namespace onda::serving {

/// A message of the schema as our own type, checked. Throws as `read_config_text` does for what is wrong in
/// it.
[[nodiscard]] ReadConfig config_of(const inference::ModelConfig& message, const ConfigReadOptions& options);

/// Fills the message, nothing more. Throws as `read_config_json` does for what is no such JSON.
void parse_config_json(std::string_view text, inference::ModelConfig& message);

/// "inputs/1/a": whether each part of the path is the name of something, so that it leads nowhere but down.
[[nodiscard]] bool stays_below(std::string_view path) noexcept;

}  // namespace onda::serving
