#include "serving/config_writer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "serving/model_config.pb.h"

namespace onda::serving {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

template <class Number>
void append_number(std::string& out, Number number) {
  char buffer[64];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

void append_real(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "Infinity" : "-Infinity";
  } else {
    append_number(out, number);
  }
}

void append_message(std::string& out, const Message& message);

/// The value of a field, or the one at `index` of a repeated one.
class Value {
  using Reflection = google::protobuf::Reflection;

 public:
  Value(const Message& message, const FieldDescriptor& field, int index)
      : message_(message), field_(field), reflection_(*message.GetReflection()), index_(index) {}

 private:
  template <auto Single, auto Repeated>
  [[nodiscard]] auto get() const {
    return field_.is_repeated() ? (reflection_.*Repeated)(message_, &field_, index_)
                                : (reflection_.*Single)(message_, &field_);
  }

 public:
  void append_to(std::string& out) const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return append_number(out, get<&Reflection::GetInt32, &Reflection::GetRepeatedInt32>());
      case FieldDescriptor::CPPTYPE_INT64:
        return append_number(out, get<&Reflection::GetInt64, &Reflection::GetRepeatedInt64>());
      case FieldDescriptor::CPPTYPE_UINT32:
        return append_number(out, get<&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32>());
      case FieldDescriptor::CPPTYPE_UINT64:
        return append_number(out, get<&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64>());
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return append_real(out, get<&Reflection::GetDouble, &Reflection::GetRepeatedDouble>());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return append_real(out,
                           static_cast<double>(get<&Reflection::GetFloat, &Reflection::GetRepeatedFloat>()));
      case FieldDescriptor::CPPTYPE_BOOL:
        out += get<&Reflection::GetBool, &Reflection::GetRepeatedBool>() ? "true" : "false";
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        return append_enum(out, get<&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue>());
      case FieldDescriptor::CPPTYPE_STRING:
        return append_string(out, text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return append_message(out, nested());
    }
  }

  [[nodiscard]] std::string text() const {
    return get<&Reflection::GetString, &Reflection::GetRepeatedString>();
  }

 private:
  [[nodiscard]] const Message& nested() const {
    return field_.is_repeated() ? reflection_.GetRepeatedMessage(message_, &field_, index_)
                                : reflection_.GetMessage(message_, &field_);
  }

  void append_enum(std::string& out, int number) const {
    const auto* value = field_.enum_type()->FindValueByNumber(number);
    if (value == nullptr) return append_number(out, number);
    append_string(out, value->name());
  }

  const Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
  int index_;
};

void append_map(std::string& out, const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  const auto& key_field = *field.message_type()->map_key();
  const auto& value_field = *field.message_type()->map_value();
  // By key: the map itself has no order.
  std::vector<std::pair<std::string, std::string>> members;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    auto& [key, content] = members.emplace_back();
    const Value key_value(entry, key_field, 0);
    if (key_field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      key = key_value.text();
    } else {
      key_value.append_to(key);
    }
    Value(entry, value_field, 0).append_to(content);
  }
  std::sort(members.begin(), members.end());
  out += '{';
  for (const auto& [key, content] : members) {
    if (out.back() != '{') out += ',';
    append_string(out, key);
    out += ':';
    out += content;
  }
  out += '}';
}

void append_field(std::string& out, const Message& message, const FieldDescriptor& field) {
  if (field.is_map()) return append_map(out, message, field);
  if (!field.is_repeated()) return Value(message, field, 0).append_to(out);
  const int count = message.GetReflection()->FieldSize(message, &field);
  out += '[';
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    Value(message, field, i).append_to(out);
  }
  out += ']';
}

/// Messages and members of a oneof are there or not; all else has a default.
bool is_shown(const Message& message, const FieldDescriptor& field) {
  const bool may_be_absent = !field.is_repeated() && (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ||
                                                      field.real_containing_oneof() != nullptr);
  return !may_be_absent || message.GetReflection()->HasField(message, &field);
}

void append_message(std::string& out, const Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  out += '{';
  bool is_first = true;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (!is_shown(message, field)) continue;
    if (!is_first) out += ',';
    is_first = false;
    append_string(out, field.name());
    out += ':';
    append_field(out, message, field);
  }
  out += '}';
}

inference::DataType data_type(DType dtype) {
  inference::DataType type = inference::TYPE_INVALID;
  (void)inference::DataType_Parse(std::string(config_name(dtype)), &type);
  return type;
}

template <class Tensor>
void write_tensor(const TensorConfig& tensor, Tensor& message) {
  message.set_name(tensor.name);
  message.set_data_type(data_type(tensor.dtype));
  for (const auto dim : tensor.dims.dims()) message.add_dims(dim);
  if (!tensor.reshape) return;
  auto& reshape = *message.mutable_reshape();
  for (const auto dim : tensor.reshape->dims()) reshape.add_shape(dim);
}

void write_input(const TensorConfig& tensor, inference::ModelInput& message) {
  write_tensor(tensor, message);
  if (tensor.format == TensorFormat::nhwc) message.set_format(inference::ModelInput::FORMAT_NHWC);
  if (tensor.format == TensorFormat::nchw) message.set_format(inference::ModelInput::FORMAT_NCHW);
  message.set_optional(tensor.optional);
}

void write_output(const TensorConfig& tensor, inference::ModelOutput& message) {
  write_tensor(tensor, message);
  message.set_label_filename(tensor.label_filename);
}

void write_policy(const VersionPolicy& policy, inference::ModelVersionPolicy& message) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy)) {
    message.mutable_latest()->set_num_versions(latest->count);
  } else if (const auto* specific = std::get_if<SpecificVersions>(&policy)) {
    auto& versions = *message.mutable_specific();
    for (const auto version : specific->versions) versions.add_versions(version);
  } else {
    (void)message.mutable_all();
  }
}

void write_group(const InstanceGroup& group, inference::ModelInstanceGroup& message) {
  using Group = inference::ModelInstanceGroup;
  constexpr std::pair<InstanceKind, Group::Kind> kKinds[] = {{InstanceKind::automatic, Group::KIND_AUTO},
                                                             {InstanceKind::gpu, Group::KIND_GPU},
                                                             {InstanceKind::cpu, Group::KIND_CPU},
                                                             {InstanceKind::model, Group::KIND_MODEL}};
  for (const auto& [ours, theirs] : kKinds) {
    if (ours == group.kind) message.set_kind(theirs);
  }
  message.set_name(group.name);
  message.set_count(group.count);
  for (const auto gpu : group.gpus) message.add_gpus(gpu);
}

void write_queue_policy(const QueuePolicy& policy, inference::ModelQueuePolicy& message) {
  message.set_timeout_action(policy.timeout_action == QueuePolicy::TimeoutAction::delay
                                 ? inference::ModelQueuePolicy::DELAY
                                 : inference::ModelQueuePolicy::REJECT);
  message.set_default_timeout_microseconds(static_cast<std::uint64_t>(policy.default_timeout.count()));
  message.set_allow_timeout_override(policy.allow_timeout_override);
  message.set_max_queue_size(static_cast<std::uint32_t>(policy.max_queue_size));
}

void write_batching(const DynamicBatching& batching, inference::ModelDynamicBatching& message) {
  for (const auto size : batching.preferred_batch_sizes)
    message.add_preferred_batch_size(static_cast<std::int32_t>(size));
  message.set_max_queue_delay_microseconds(static_cast<std::uint64_t>(batching.max_queue_delay.count()));
  message.set_preserve_ordering(batching.preserve_ordering);
  message.set_priority_levels(batching.priority_levels);
  message.set_default_priority_level(batching.default_priority_level);
  write_queue_policy(batching.default_queue_policy, *message.mutable_default_queue_policy());
  for (const auto& [level, policy] : batching.queue_policies)
    write_queue_policy(policy, (*message.mutable_priority_queue_policy())[level]);
}

void write_warm_up(const WarmUp& warm_up, inference::ModelWarmup& message) {
  message.set_name(warm_up.name);
  message.set_batch_size(warm_up.batch_size);
  message.set_count(warm_up.count);
  for (const auto& [name, input] : warm_up.inputs) {
    auto& to = (*message.mutable_inputs())[name];
    to.set_data_type(data_type(input.dtype));
    for (const auto dim : input.dims.dims()) to.add_dims(dim);
    if (std::holds_alternative<WarmUpInput::Zero>(input.data)) to.set_zero_data(true);
    if (std::holds_alternative<WarmUpInput::Random>(input.data)) to.set_random_data(true);
    if (const auto* file = std::get_if<WarmUpInput::File>(&input.data)) to.set_input_data_file(file->name);
  }
}

}  // namespace

void write_config(const ModelConfig& config, inference::ModelConfig& message) {
  message.set_name(config.name);
  message.set_platform(config.platform);
  message.set_backend(config.backend);
  write_policy(config.version_policy, *message.mutable_version_policy());
  message.set_max_batch_size(config.max_batch_size);
  for (const auto& input : config.inputs) write_input(input, *message.add_input());
  for (const auto& output : config.outputs) write_output(output, *message.add_output());
  for (const auto& group : config.instance_groups) write_group(group, *message.add_instance_group());
  message.set_default_model_filename(config.default_model_filename);
  if (config.dynamic_batching) write_batching(*config.dynamic_batching, *message.mutable_dynamic_batching());
  if (config.graph_level != 0) message.mutable_optimization()->mutable_graph()->set_level(config.graph_level);
  for (const auto& [key, value] : config.parameters)
    (*message.mutable_parameters())[key].set_string_value(value);
  for (const auto& warm_up : config.warm_ups) write_warm_up(warm_up, *message.add_model_warmup());
  for (const auto& library : config.custom_op_libraries)
    message.mutable_model_operations()->add_op_library_filename(library);
}

std::string message_json(const Message& message) {
  std::string out;
  append_message(out, message);
  return out;
}

std::string config_json(const ModelConfig& config) {
  inference::ModelConfig message;
  write_config(config, message);
  return message_json(message);
}

}  // namespace onda::serving
