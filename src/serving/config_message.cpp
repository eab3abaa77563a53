#include "serving/config_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <string>

#include "base/quoted.h"
#include "base/utf8.h"
#include "onda/error.h"
#include "serving/model_config.pb.h"

namespace onda::serving {
namespace {

constexpr int kMaxInstances = 1024;
constexpr std::uint64_t kMaxPriorityLevels = 1024;
constexpr std::uint32_t kMaxWarmUpCount = 100'000;
/// A year: longer waits are a mistake, and shorter ones can be added to any time.
constexpr std::uint64_t kMaxWaitMicroseconds = std::uint64_t{365} * 24 * 3600 * 1'000'000;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid_argument, message); }

[[noreturn]] void refuse_unimplemented(const std::string& field, const std::string& reason) {
  throw Error(ErrorCode::unimplemented, field + " is not supported: " + reason);
}

// Strings of the text format may hold any bytes; protobuf refuses to send them on.
void require_utf8(const google::protobuf::Message& message) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        require_utf8(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                          : reflection.GetMessage(message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        const std::string text = field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                                      : reflection.GetString(message, field);
        if (!base::is_utf8(text)) refuse(field->name() + ": " + base::quoted(text) + " is not UTF-8");
      }
    }
  }
}

DType dtype_of_number(int number, const std::string& where) {
  if (number == inference::TYPE_INVALID) return DType::undefined;
  if (inference::DataType_IsValid(number)) {
    const auto& name = inference::DataType_Name(static_cast<inference::DataType>(number));
    for (const DType dtype : all_dtypes()) {
      if (config_name(dtype) == name) return dtype;
    }
  }
  refuse(where + ": data_type " + std::to_string(number) + " is unknown");
}

Shape shape_of(const google::protobuf::RepeatedField<std::int64_t>& dims, std::int64_t smallest,
               const std::string& where) {
  if (static_cast<std::size_t>(dims.size()) > Shape::kMaxRank)
    refuse(where + " has " + std::to_string(dims.size()) + " dimensions, more than " +
           std::to_string(Shape::kMaxRank));
  for (const auto dim : dims) {
    const bool is_dynamic = dim == Shape::kDynamic && smallest > 0;
    if (dim < smallest && !is_dynamic) {
      refuse(where + ": dimension " + std::to_string(dim) + ", expected at least " +
             std::to_string(smallest) + (smallest > 0 ? ", or -1 where it may vary" : ""));
    }
  }
  return Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(dims.size())));
}

/// What inputs and outputs have in common.
template <class Message>
TensorConfig tensor_of(const Message& message, const std::string& role) {
  if (message.name().empty()) refuse("an " + role + " has no name");
  const std::string where = role + ' ' + base::quoted(message.name());
  TensorConfig tensor;
  tensor.name = message.name();
  tensor.dtype = dtype_of_number(message.data_type(), where);
  tensor.dims = shape_of(message.dims(), 1, where + ": dims");
  if (message.has_reshape()) tensor.reshape = shape_of(message.reshape().shape(), 1, where + ": reshape");
  if (message.is_shape_tensor()) refuse_unimplemented("is_shape_tensor of " + where, "it is TensorRT's");
  if (message.is_non_linear_format_io())
    refuse_unimplemented("is_non_linear_format_io of " + where, "it is TensorRT's");
  return tensor;
}

TensorConfig input_of(const inference::ModelInput& message) {
  TensorConfig input = tensor_of(message, "input");
  const std::string where = "input " + base::quoted(input.name);
  if (message.allow_ragged_batch())
    refuse_unimplemented("allow_ragged_batch of " + where, "only requests of equal shape are joined");
  if (!inference::ModelInput_Format_IsValid(message.format()))
    refuse(where + ": format " + std::to_string(message.format()) + " is unknown");
  if (message.format() == inference::ModelInput::FORMAT_NHWC) input.format = TensorFormat::nhwc;
  if (message.format() == inference::ModelInput::FORMAT_NCHW) input.format = TensorFormat::nchw;
  input.optional = message.optional();
  return input;
}

TensorConfig output_of(const inference::ModelOutput& message) {
  TensorConfig output = tensor_of(message, "output");
  output.label_filename = message.label_filename();
  return output;
}

VersionPolicy policy_of(const inference::ModelVersionPolicy& message) {
  if (message.has_all()) return AllVersions{};
  if (message.has_specific()) {
    SpecificVersions specific;
    for (const auto version : message.specific().versions()) {
      if (version < 0) refuse("version_policy: version " + std::to_string(version) + " is negative");
      specific.versions.push_back(version);
    }
    std::sort(specific.versions.begin(), specific.versions.end());
    return specific;
  }
  if (!message.has_latest()) return LatestVersions{};
  if (message.latest().num_versions() == 0) refuse("version_policy: num_versions must be at least 1");
  return LatestVersions{message.latest().num_versions()};
}

void warn_of_group(const inference::ModelInstanceGroup& message, std::vector<std::string>& warnings) {
  const auto warn = [&](const std::string& text) { warnings.push_back("instance_group: " + text); };
  if (message.kind() == inference::ModelInstanceGroup::KIND_GPU)
    warn("kind KIND_GPU is served on the CPU; for a GPU set the parameter onda.device to \"cuda:0\"");
  if (message.kind() == inference::ModelInstanceGroup::KIND_MODEL)
    warn("kind KIND_MODEL is served on the CPU");
  if (message.has_rate_limiter()) warn("rate_limiter is not used");
  if (message.profile_size() > 0) warn("profile is not used");
  if (message.secondary_devices_size() > 0) warn("secondary_devices is not used");
  if (!message.host_policy().empty()) warn("host_policy is not used");
  if (message.passive()) warn("passive is not used: the group is left out");
}

InstanceGroup group_of(const inference::ModelInstanceGroup& message) {
  using Message = inference::ModelInstanceGroup;
  if (!inference::ModelInstanceGroup_Kind_IsValid(message.kind()))
    refuse("instance_group: kind " + std::to_string(message.kind()) + " is unknown");
  if (message.count() < 0 || message.count() > kMaxInstances) {
    refuse("instance_group: count " + std::to_string(message.count()) + ", expected 0 to " +
           std::to_string(kMaxInstances));
  }
  InstanceGroup group;
  group.name = message.name();
  group.count = message.count();
  group.gpus.assign(message.gpus().begin(), message.gpus().end());
  if (message.kind() == Message::KIND_GPU) group.kind = InstanceKind::gpu;
  if (message.kind() == Message::KIND_CPU) group.kind = InstanceKind::cpu;
  if (message.kind() == Message::KIND_MODEL) group.kind = InstanceKind::model;
  return group;
}

std::chrono::microseconds wait_of(std::uint64_t microseconds, const std::string& field) {
  if (microseconds > kMaxWaitMicroseconds)
    refuse(field + " is " + std::to_string(microseconds) + ", more than a year");
  return std::chrono::microseconds(static_cast<std::int64_t>(microseconds));
}

QueuePolicy queue_policy_of(const inference::ModelQueuePolicy& message) {
  if (!inference::ModelQueuePolicy_TimeoutAction_IsValid(message.timeout_action()))
    refuse("queue policy: timeout_action " + std::to_string(message.timeout_action()) + " is unknown");
  QueuePolicy policy;
  policy.timeout_action = message.timeout_action() == inference::ModelQueuePolicy::DELAY
                              ? QueuePolicy::TimeoutAction::delay
                              : QueuePolicy::TimeoutAction::reject;
  policy.default_timeout = wait_of(message.default_timeout_microseconds(), "default_timeout_microseconds");
  policy.allow_timeout_override = message.allow_timeout_override();
  policy.max_queue_size = message.max_queue_size();
  return policy;
}

void require_priorities(const DynamicBatching& batching) {
  const auto levels = batching.priority_levels;
  if (levels > kMaxPriorityLevels) {
    refuse("dynamic_batching: priority_levels is " + std::to_string(levels) + ", expected up to " +
           std::to_string(kMaxPriorityLevels));
  }
  if (levels > 0 && (batching.default_priority_level < 1 || batching.default_priority_level > levels)) {
    refuse("dynamic_batching: default_priority_level is " + std::to_string(batching.default_priority_level) +
           ", expected 1 to priority_levels, " + std::to_string(levels));
  }
  for (const auto& [level, policy] : batching.queue_policies) {
    if (level < 1 || level > levels) {
      refuse("dynamic_batching: priority_queue_policy of level " + std::to_string(level) +
             ", but priority_levels is " + std::to_string(levels));
    }
  }
}

DynamicBatching batching_of(const inference::ModelDynamicBatching& message) {
  DynamicBatching batching;
  for (const auto size : message.preferred_batch_size()) {
    if (size < 1)
      refuse("dynamic_batching: preferred_batch_size " + std::to_string(size) + " must be at least 1");
    batching.preferred_batch_sizes.push_back(size);
  }
  std::sort(batching.preferred_batch_sizes.begin(), batching.preferred_batch_sizes.end());
  batching.max_queue_delay = wait_of(message.max_queue_delay_microseconds(), "max_queue_delay_microseconds");
  batching.preserve_ordering = message.preserve_ordering();
  batching.priority_levels = message.priority_levels();
  batching.default_priority_level = message.default_priority_level();
  batching.default_queue_policy = queue_policy_of(message.default_queue_policy());
  for (const auto& [level, policy] : message.priority_queue_policy())
    batching.queue_policies.emplace(level, queue_policy_of(policy));
  require_priorities(batching);
  return batching;
}

WarmUpInput warm_up_input_of(const inference::ModelWarmup::Input& message, const std::string& where) {
  WarmUpInput input;
  input.dtype = dtype_of_number(message.data_type(), where);
  input.dims = shape_of(message.dims(), 0, where + ": dims");
  using Message = inference::ModelWarmup::Input;
  switch (message.input_data_type_case()) {
    case Message::kRandomData:
      input.data = WarmUpInput::Random{};
      break;
    case Message::kInputDataFile: {
      const std::string& name = message.input_data_file();
      if (!stays_below(name)) {
        throw Error(ErrorCode::permission_denied, where + ": input_data_file " + base::quoted(name) +
                                                      " leads out of the model's directory");
      }
      input.data = WarmUpInput::File{name};
      break;
    }
    case Message::kZeroData:
      break;
    case Message::INPUT_DATA_TYPE_NOT_SET:
      refuse(where + ": expected zero_data, random_data or input_data_file");
  }
  return input;
}

WarmUp warm_up_of(const inference::ModelWarmup& message) {
  WarmUp warm_up;
  warm_up.name = message.name();
  warm_up.batch_size = message.batch_size();
  warm_up.count = std::max<std::uint32_t>(message.count(), 1);
  const std::string where = "model_warmup " + base::quoted(message.name());
  if (warm_up.count > kMaxWarmUpCount)
    refuse(where + ": count " + std::to_string(warm_up.count) + ", expected up to " +
           std::to_string(kMaxWarmUpCount));
  for (const auto& [name, input] : message.inputs())
    warm_up.inputs.emplace(name, warm_up_input_of(input, where + ": input " + base::quoted(name)));
  return warm_up;
}

void refuse_other_kinds(const inference::ModelConfig& message) {
  if (!message.backend().empty() && message.backend() != ModelConfig::kBackend) {
    refuse_unimplemented("backend " + base::quoted(message.backend()),
                         "expected \"" + std::string(ModelConfig::kBackend) + '"');
  }
  if (!message.platform().empty() && message.platform() != ModelConfig::kPlatform) {
    refuse_unimplemented("platform " + base::quoted(message.platform()),
                         "expected \"" + std::string(ModelConfig::kPlatform) + '"');
  }
  if (message.has_ensemble_scheduling())
    refuse_unimplemented("ensemble_scheduling", "models are served one by one");
  if (message.has_sequence_batching())
    refuse_unimplemented("sequence_batching", "no state is kept between requests");
  if (message.model_transaction_policy().decoupled())
    refuse_unimplemented("model_transaction_policy.decoupled", "each request has one response");
  if (message.batch_input_size() > 0) refuse_unimplemented("batch_input", "inputs come from requests alone");
  if (message.batch_output_size() > 0)
    refuse_unimplemented("batch_output", "outputs are split along their first dimension");
  if (message.model_repository_agents().agents_size() > 0)
    refuse_unimplemented("model_repository_agents", "models are read as they are");
}

void warn_of_optimization(const inference::ModelOptimizationPolicy& message,
                          std::vector<std::string>& warnings) {
  const auto warn = [&](bool is_set, const std::string& field) {
    if (is_set) warnings.push_back("optimization." + field + " is not used");
  };
  warn(message.priority() != inference::ModelOptimizationPolicy::PRIORITY_DEFAULT, "priority");
  warn(message.has_cuda(), "cuda");
  for (const auto& accelerator : message.execution_accelerators().gpu_execution_accelerator())
    warn(true, "execution_accelerators.gpu_execution_accelerator " + base::quoted(accelerator.name()));
  for (const auto& accelerator : message.execution_accelerators().cpu_execution_accelerator())
    warn(true, "execution_accelerators.cpu_execution_accelerator " + base::quoted(accelerator.name()));
  warn(message.input_pinned_memory().enable(), "input_pinned_memory");
  warn(message.output_pinned_memory().enable(), "output_pinned_memory");
  warn(message.gather_kernel_buffer_threshold() > 0, "gather_kernel_buffer_threshold");
  warn(message.eager_batching(), "eager_batching");
}

void warn_of_unused(const inference::ModelConfig& message, std::vector<std::string>& warnings) {
  const auto warn = [&](bool is_set, const std::string& field) {
    if (is_set) warnings.push_back(field + " is not used");
  };
  warn(!message.runtime().empty(), "runtime");
  warn(message.cc_model_filenames_size() > 0, "cc_model_filenames");
  warn(message.metric_tags_size() > 0, "metric_tags");
  warn(message.response_cache().enable(), "response_cache");
  warn(message.has_model_metrics(), "model_metrics");
  warn_of_optimization(message.optimization(), warnings);
}

std::vector<std::string> libraries_of(const inference::ModelOperations& message,
                                      const ConfigReadOptions& options) {
  std::vector<std::string> libraries(message.op_library_filename().begin(),
                                     message.op_library_filename().end());
  if (libraries.empty()) return libraries;
  if (!options.allow_custom_ops) {
    throw Error(ErrorCode::failed_precondition,
                "model_operations names the library " + base::quoted(libraries.front()) +
                    ": libraries of custom operators are not loaded unless --allow-custom-ops is given");
  }
  for (const auto& library : libraries) {
    if (!stays_below(library)) {
      throw Error(ErrorCode::permission_denied,
                  "model_operations: " + base::quoted(library) + " leads out of the model's directory");
    }
  }
  return libraries;
}

std::string filename_of(const std::string& name) {
  if (!name.empty() && (!stays_below(name) || name.find('/') != std::string::npos))
    refuse("default_model_filename " + base::quoted(name) + " is no file name");
  return name;
}

int graph_level_of(const inference::ModelOptimizationPolicy& message) {
  const int level = message.graph().level();
  if (level < -1 || level > 2) {
    refuse("optimization.graph.level is " + std::to_string(level) +
           ", expected -1 (basic), 0 (all), 1 (extended) or 2 (off)");
  }
  return level;
}

void read_instances(const inference::ModelConfig& message, ReadConfig& result) {
  std::int64_t sum = 0;
  for (const auto& group : message.instance_group()) {
    warn_of_group(group, result.warnings);
    if (group.passive()) continue;
    result.config.instance_groups.push_back(group_of(group));
    sum += group.count();
  }
  if (sum > kMaxInstances) {
    refuse("instance_group: " + std::to_string(sum) + " instances in all, expected up to " +
           std::to_string(kMaxInstances));
  }
}

}  // namespace

bool stays_below(std::string_view path) noexcept {
  for (;;) {
    const auto end = path.find('/');
    const auto part = path.substr(0, end);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos)
      return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

ReadConfig config_of(const inference::ModelConfig& message, const ConfigReadOptions& options) {
  require_utf8(message);
  refuse_other_kinds(message);
  ReadConfig result;
  ModelConfig& config = result.config;
  config.name = message.name();
  config.platform = message.platform();
  config.backend = message.backend();
  if (message.max_batch_size() < 0)
    refuse("max_batch_size is " + std::to_string(message.max_batch_size()) + ", expected 0 or more");
  config.max_batch_size = message.max_batch_size();
  for (const auto& input : message.input()) config.inputs.push_back(input_of(input));
  for (const auto& output : message.output()) config.outputs.push_back(output_of(output));
  config.version_policy = policy_of(message.version_policy());
  read_instances(message, result);
  if (message.has_dynamic_batching()) config.dynamic_batching = batching_of(message.dynamic_batching());
  config.graph_level = graph_level_of(message.optimization());
  for (const auto& warm_up : message.model_warmup()) config.warm_ups.push_back(warm_up_of(warm_up));
  config.default_model_filename = filename_of(message.default_model_filename());
  for (const auto& [key, parameter] : message.parameters()) config.parameters[key] = parameter.string_value();
  config.custom_op_libraries = libraries_of(message.model_operations(), options);
  warn_of_unused(message, result.warnings);
  result.given.max_batch_size = message.has_max_batch_size();
  result.given.version_policy =
      message.version_policy().policy_choice_case() != inference::ModelVersionPolicy::POLICY_CHOICE_NOT_SET;
  result.given.graph_level = message.optimization().has_graph();
  return result;
}

}  // namespace onda::serving
