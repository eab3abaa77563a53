#include "runtime/session_config.h"

#include <array>
#include <string_view>

#include "base/machine.h"
#include "onda/error.h"
#include "runtime/status.h"

namespace onda::runtime {
namespace {

constexpr int kMaxThreads = 4096;

GraphOptimizationLevel to_level(GraphOptimization level) {
  switch (level) {
    case GraphOptimization::off:
      return ORT_DISABLE_ALL;
    case GraphOptimization::basic:
      return ORT_ENABLE_BASIC;
    case GraphOptimization::extended:
      return ORT_ENABLE_EXTENDED;
    case GraphOptimization::all:
      return ORT_ENABLE_ALL;
  }
  return ORT_ENABLE_ALL;
}

/// Keys that ONNX Runtime accepts with any value and then takes for 0.
constexpr std::array<std::string_view, 13> kBooleanKeys = {"session.disable_prepacking",
                                                           "session.set_denormal_as_zero",
                                                           "session.disable_quant_qdq",
                                                           "session.enable_quant_qdq_cleanup",
                                                           "session.disable_double_qdq_remover",
                                                           "session.inter_op.allow_spinning",
                                                           "session.intra_op.allow_spinning",
                                                           "session.force_spinning_stop",
                                                           "session.use_ort_model_bytes_directly",
                                                           "session.disable_cpu_ep_fallback",
                                                           "session.strict_shape_type_inference",
                                                           "session.disable_aot_function_inlining",
                                                           "session.allow_released_opsets_only"};

/// Keys that would undo what Onda decides itself.
constexpr std::array<std::string_view, 10> kReservedKeys = {
    "session.intra_op_num_threads",
    "session.inter_op_num_threads",
    "session.optimized_model_filepath",
    "session.use_ort_model_bytes_for_initializers",
    "session.use_env_allocators",
    "session.use_memory_mapped_ort_model",
    "session.model_external_initializers_file_folder_path",
    "session.optimized_model_external_initializers_file_name",
    "session.optimized_model_external_initializers_min_size_in_bytes",
    "session.save_external_prepacked_constant_initializers"};

// As the ORT form's: smaller ones are often shapes and axes, which the graph depends on.
constexpr const char* kExternalMinBytes = "256";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& set, std::string_view word) {
  for (const auto entry : set) {
    if (entry == word) return true;
  }
  return false;
}

void require_threads(const char* option, int value) {
  if (value < 0 || value > kMaxThreads) {
    throw Error(ErrorCode::invalid_argument, std::string(option) + " is " + std::to_string(value) +
                                                 "; expected 0 (automatic) to " +
                                                 std::to_string(kMaxThreads));
  }
}

void require_config(const std::string& key, const std::string& value) {
  const auto quoted = "config entry \"" + key + "\"";
  if (key.empty() || key.size() > 1024 || value.size() > 2048) {
    throw Error(ErrorCode::invalid_argument,
                quoted + ": a key has 1 to 1024 characters, a value at most 2048");
  }
  if (key.find('.') == std::string::npos) {
    throw Error(ErrorCode::invalid_argument,
                quoted + ": expected a key such as \"session.intra_op.allow_spinning\"");
  }
  if (contains(kReservedKeys, key)) {
    throw Error(ErrorCode::invalid_argument, quoted + " is Onda's to set; use the session option for it");
  }
  if (contains(kBooleanKeys, key) && value != "0" && value != "1") {
    throw Error(ErrorCode::invalid_argument, quoted + ": value is \"" + value + "\"; expected 0 or 1");
  }
}

class Builder {
 public:
  explicit Builder(const Environment& environment) : api_(environment.api()) {
    OrtSessionOptions* raw = nullptr;
    check(api_, api_.CreateSessionOptions(&raw), "make session options");
    options_ = SessionOptionsHandle(raw, {&api_});
  }

  template <class Setter, class... Values>
  void set(const char* doing, Setter setter, Values... values) {
    check(api_, setter(options_.get(), values...), doing);
  }
  void config(const std::string& key, const std::string& value) {
    const auto doing = "set \"" + key + "\" to \"" + value + "\"";
    check(api_, api_.AddSessionConfigEntry(options_.get(), key.c_str(), value.c_str()), doing.c_str());
  }
  SessionOptionsHandle take() && { return std::move(options_); }

 private:
  const OrtApi& api_;
  SessionOptionsHandle options_;
};

void append_cuda(const OrtApi& api, OrtSessionOptions* options, int index) {
  OrtCUDAProviderOptionsV2* raw = nullptr;
  check(api, api.CreateCUDAProviderOptions(&raw), "make CUDA options");
  const CudaOptionsHandle owned(raw, {&api});
  const auto id = std::to_string(index);
  const char* key = "device_id";
  const char* value = id.c_str();
  check(api, api.UpdateCUDAProviderOptions(raw, &key, &value, 1), "choose the GPU");
  check(api, api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, raw), "start the CUDA provider");
}

/// Whether a session could be made for the device; the reason where not.
std::string why_not(const Environment& environment, const Device& device) {
  if (device.kind == Device::Kind::cpu) return "";
  if (!environment.has_provider("CUDAExecutionProvider")) {
    return "this ONNX Runtime (" + environment.info().library.string() +
           ") has no CUDA provider; give a GPU build by --onnxruntime or ONDA_ONNXRUNTIME";
  }
  try {
    Builder builder(environment);
    append_cuda(environment.api(), std::move(builder).take().get(), device.index);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

SessionOptions settle_options(const Environment& environment, SessionOptions options) {
  require_threads("intra_op_threads", options.intra_op_threads);
  require_threads("inter_op_threads", options.inter_op_threads);
  if (options.intra_op_threads == 0) options.intra_op_threads = base::usable_cores();
  if (options.inter_op_threads == 0) options.inter_op_threads = 1;
  for (const auto& [key, value] : options.config) require_config(key, value);
  for (const auto& [name, size] : options.free_dimensions) {
    if (size <= 0) {
      throw Error(ErrorCode::invalid_argument, "free dimension \"" + name + "\" is " + std::to_string(size) +
                                                   "; expected a positive size");
    }
  }
  if (const auto reason = why_not(environment, options.device); !reason.empty()) {
    const auto text = "device " + to_string(options.device) + " cannot be used: " + reason;
    if (!options.device_fallback) throw Error(ErrorCode::unavailable, text);
    environment.log(LogLevel::warning, text + "; running on the CPU");
    options.device = Device{};
  }
  // What such a library does to a graph is not known, and not in the key of an entry.
  if (!options.custom_op_libraries.empty()) options.preparation = Preparation::off;
  options.memory = environment.settle_memory(options.memory);
  if (!options.memory_pattern) options.memory_pattern = options.memory != MemoryStrategy::recycling;
  return options;
}

SessionOptionsHandle make_session_options(const Environment& environment, const SessionOptions& settled,
                                          const SessionPurpose& purpose) {
  const OrtApi& api = environment.api();
  Builder to(environment);
  to.set("set the intra-op threads", api.SetIntraOpNumThreads, settled.intra_op_threads);
  to.set("set the inter-op threads", api.SetInterOpNumThreads, settled.inter_op_threads);
  to.set("set the execution mode", api.SetSessionExecutionMode,
         settled.execution_mode == ExecutionMode::parallel ? ORT_PARALLEL : ORT_SEQUENTIAL);
  to.set("set the graph optimisation", api.SetSessionGraphOptimizationLevel,
         purpose.prepared ? ORT_DISABLE_ALL : to_level(settled.graph_optimization));
  // Saving warns that the file suits this machine alone, which the cache's key knows.
  const auto level = purpose.save_to.empty() ? settled.log_level : LogLevel::error;
  to.set("set the log level", api.SetSessionLogSeverityLevel, static_cast<int>(to_runtime_level(level)));
  if (settled.memory_pattern.value_or(true) && settled.execution_mode == ExecutionMode::sequential) {
    to.set("enable the memory pattern", api.EnableMemPattern);
  } else {
    to.set("disable the memory pattern", api.DisableMemPattern);
  }
  switch (settled.memory) {
    case MemoryStrategy::recycling:
      // Without the key, what is registered is silently unused. It is for host memory: a GPU keeps its own.
      to.config("session.use_env_allocators", "1");
      break;
    case MemoryStrategy::arena:
      to.set("enable the arena", api.EnableCpuMemArena);
      break;
    case MemoryStrategy::system:
      to.set("disable the arena", api.DisableCpuMemArena);
      break;
  }
  if (!settled.profile.empty()) to.set("enable profiling", api.EnableProfiling, settled.profile.c_str());
  if (settled.spinning) {
    to.config("session.intra_op.allow_spinning", *settled.spinning ? "1" : "0");
    to.config("session.inter_op.allow_spinning", *settled.spinning ? "1" : "0");
  }
  for (const auto& [name, size] : settled.free_dimensions) {
    to.set("fix a free dimension", api.AddFreeDimensionOverrideByName, name.c_str(), size);
  }
  for (const auto& [key, value] : settled.config) to.config(key, value);
  for (const auto& library : settled.custom_op_libraries) {
    const auto doing = "load the operators of " + library.string();
    to.set(doing.c_str(), api.RegisterCustomOpsLibrary_V2, library.c_str());
  }
  if (purpose.prepared == PreparedForm::ort) {
    to.config("session.use_ort_model_bytes_directly", "1");
    to.config("session.use_ort_model_bytes_for_initializers", "1");
  }
  if (!purpose.weights_directory.empty()) {
    to.config("session.model_external_initializers_file_folder_path", purpose.weights_directory.string());
  }
  if (purpose.trial) to.config("session.disable_prepacking", "1");
  if (!purpose.save_to.empty()) {
    if (purpose.save_weights.empty()) {
      to.config("session.save_model_format", "ORT");
    } else {
      to.config("session.save_model_format", "ONNX");
      to.config("session.optimized_model_external_initializers_file_name", purpose.save_weights);
      to.config("session.optimized_model_external_initializers_min_size_in_bytes", kExternalMinBytes);
      // Packed weights would otherwise be on the heap of each session: nearly all of a transformer.
      to.config("session.save_external_prepacked_constant_initializers", "1");
    }
    to.set("set where to save", api.SetOptimizedModelFilePath, purpose.save_to.c_str());
  }
  auto options = std::move(to).take();
  if (settled.device.kind == Device::Kind::cuda) append_cuda(api, options.get(), settled.device.index);
  return options;
}

}  // namespace onda::runtime
