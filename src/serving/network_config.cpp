#include "serving/network_config.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/quoted.h"
#include "onda/error.h"
#include "serving/config_message.h"
#include "serving/model_config.pb.h"

namespace onda::serving {
namespace {

using google::protobuf::Message;

[[noreturn]] void refuse(const std::string& field) {
  throw Error(ErrorCode::permission_denied,
              field + " may not be set over the network; write it into the model's config.pbtxt");
}

/// Whether a field may be set, by its path. What is below an allowed message is looked at on its own.
bool is_allowed(std::string_view path) {
  constexpr std::string_view kFields[] = {
      "name",
      "backend",
      "platform",
      "max_batch_size",
      "version_policy",
      "version_policy.latest",
      "version_policy.latest.num_versions",
      "version_policy.all",
      "version_policy.specific",
      "version_policy.specific.versions",
      "default_model_filename",
      "input",
      "input.name",
      "input.data_type",
      "input.format",
      "input.dims",
      "input.reshape",
      "input.reshape.shape",
      "input.optional",
      "output",
      "output.name",
      "output.data_type",
      "output.dims",
      "output.label_filename",
      "output.reshape",
      "output.reshape.shape",
      "instance_group",
      "instance_group.name",
      "instance_group.count",
      "instance_group.kind",
      "dynamic_batching",
      "dynamic_batching.preferred_batch_size",
      "dynamic_batching.max_queue_delay_microseconds",
      "dynamic_batching.preserve_ordering",
      "dynamic_batching.priority_levels",
      "dynamic_batching.default_priority_level",
      "dynamic_batching.default_queue_policy",
      "dynamic_batching.default_queue_policy.timeout_action",
      "dynamic_batching.default_queue_policy.default_timeout_microseconds",
      "dynamic_batching.default_queue_policy.allow_timeout_override",
      "dynamic_batching.default_queue_policy.max_queue_size",
      "dynamic_batching.priority_queue_policy",
      "dynamic_batching.priority_queue_policy.key",
      "dynamic_batching.priority_queue_policy.value",
      "dynamic_batching.priority_queue_policy.value.timeout_action",
      "dynamic_batching.priority_queue_policy.value.default_timeout_microseconds",
      "dynamic_batching.priority_queue_policy.value.allow_timeout_override",
      "dynamic_batching.priority_queue_policy.value.max_queue_size",
      "optimization",
      "optimization.graph",
      "optimization.graph.level",
      "parameters",
      "parameters.key",
      "parameters.value",
      "parameters.value.string_value",
      "model_warmup",
      "model_warmup.name",
      "model_warmup.batch_size",
      "model_warmup.count",
      "model_warmup.inputs",
      "model_warmup.inputs.key",
      "model_warmup.inputs.value",
      "model_warmup.inputs.value.data_type",
      "model_warmup.inputs.value.dims",
      "model_warmup.inputs.value.zero_data",
      "model_warmup.inputs.value.random_data"};
  return std::find(std::begin(kFields), std::end(kFields), path) != std::end(kFields);
}

void require_allowed(const Message& message, const std::string& prefix) {
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const std::string path = prefix + field->name();
    if (!is_allowed(path)) refuse(path);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      require_allowed(reflection.GetMessage(message, field), path + '.');
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      require_allowed(reflection.GetRepeatedMessage(message, field, i), path + '.');
  }
}

void require_allowed_parameters(const inference::ModelConfig& message) {
  constexpr std::string_view kKeys[] = {"intra_op_thread_count", "inter_op_thread_count", "execution_mode"};
  for (const auto& [key, value] : message.parameters()) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      refuse("parameter " + base::quoted(key));
  }
}

void require_uploaded_labels(const inference::ModelConfig& message, std::span<const std::string> files) {
  for (const auto& output : message.output()) {
    const std::string& labels = output.label_filename();
    if (labels.empty() || std::find(files.begin(), files.end(), labels) != files.end()) continue;
    throw Error(ErrorCode::permission_denied, "output.label_filename " + base::quoted(labels) +
                                                  " is not among the files that were sent along");
  }
}

}  // namespace

ReadConfig read_network_config(std::string_view json, std::string_view name,
                               std::span<const std::string> uploaded_files) {
  inference::ModelConfig message;
  parse_config_json(json, message);
  require_allowed(message, "");
  // What every answer to a client's question for the configuration holds; it says no more than to leave it
  // out.
  const std::string& filename = message.default_model_filename();
  if (!filename.empty() && filename != ModelConfig::kModelFilename) refuse("default_model_filename");
  require_allowed_parameters(message);
  require_uploaded_labels(message, uploaded_files);
  if (!message.name().empty() && message.name() != name) {
    throw Error(ErrorCode::invalid_argument, "the configuration's name is " + base::quoted(message.name()) +
                                                 ", but it is sent for the model " + base::quoted(name));
  }
  return config_of(message, {});
}

}  // namespace onda::serving
