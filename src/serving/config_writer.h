#pragma once

#include <string>

#include "serving/model_config.h"

namespace google::protobuf {
class Message;
}
namespace inference {
class ModelConfig;
}

namespace onda::serving {

/// Writes into `message`, which is empty.
void write_config(const ModelConfig& config, inference::ModelConfig& message);

/// The JSON that clients read: names as in the schema, unset scalars with their defaults, enumerations as
/// names, 64-bit integers as plain numbers, unset messages absent. One line.
[[nodiscard]] std::string config_json(const ModelConfig& config);

/// The same for any message.
[[nodiscard]] std::string message_json(const google::protobuf::Message& message);

}  // namespace onda::serving
