#include "bench/memory/plain_session.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace onda::bench {
namespace {

std::size_t element_bytes(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
      return 4;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
      return 8;
    default:
      throw std::runtime_error("an input of this type is not fed by the benchmark");
  }
}

std::size_t product(const std::vector<std::int64_t>& dims) {
  std::size_t count = 1;
  for (const auto size : dims) count *= static_cast<std::size_t>(size);
  return count;
}

}  // namespace

void must(const OrtApi& api, OrtStatus* status) {
  if (status == nullptr) return;
  const std::string text = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  throw std::runtime_error("ONNX Runtime: " + text);
}

PlainRuntime::PlainRuntime(const std::map<std::string, std::size_t>& arena)
    : library_(runtime::Library::open({})) {
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  must(api(), api().CreateEnv(ORT_LOGGING_LEVEL_ERROR, "plain", &env_));
  if (arena.empty()) return;
  std::vector<const char*> keys;
  std::vector<std::size_t> values;
  for (const auto& [key, value] : arena) {
    keys.push_back(key.c_str());
    values.push_back(value);
  }
  OrtArenaCfg* config = nullptr;
  must(api(), api().CreateArenaCfgV2(keys.data(), values.data(), keys.size(), &config));
  OrtMemoryInfo* memory = nullptr;
  must(api(), api().CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  must(api(), api().CreateAndRegisterAllocator(env_, memory, config));
  api().ReleaseMemoryInfo(memory);
  api().ReleaseArenaCfg(config);
}

PlainRuntime::~PlainRuntime() { api().ReleaseEnv(env_); }

PlainSession::PlainSession(const PlainRuntime& runtime, const std::string& model, const PlainOptions& options)
    : api_(&runtime.api()) {
  OrtSessionOptions* session = nullptr;
  must(*api_, api_->CreateSessionOptions(&session));
  must(*api_, api_->SetIntraOpNumThreads(session, options.threads));
  if (!options.memory_pattern) must(*api_, api_->DisableMemPattern(session));
  if (!options.arena) must(*api_, api_->DisableCpuMemArena(session));
  for (const auto& [key, value] : options.config)
    must(*api_, api_->AddSessionConfigEntry(session, key.c_str(), value.c_str()));
  must(*api_, api_->CreateSession(runtime.env(), model.c_str(), session, &session_));
  api_->ReleaseSessionOptions(session);
  must(*api_, api_->CreateRunOptions(&run_options_));
  for (const auto& [key, value] : options.run_config)
    must(*api_, api_->AddRunConfigEntry(run_options_, key.c_str(), value.c_str()));
  must(*api_, api_->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory_));
  read_inputs();
  read_outputs();
}

PlainSession::~PlainSession() {
  api_->ReleaseMemoryInfo(memory_);
  api_->ReleaseRunOptions(run_options_);
  api_->ReleaseSession(session_);
}

void PlainSession::read_inputs() {
  OrtAllocator* allocator = nullptr;
  must(*api_, api_->GetAllocatorWithDefaultOptions(&allocator));
  std::size_t count = 0;
  must(*api_, api_->SessionGetInputCount(session_, &count));
  std::vector<std::string> known;
  for (std::size_t i = 0; i < count; ++i) {
    Input input;
    char* name = nullptr;
    must(*api_, api_->SessionGetInputName(session_, i, allocator, &name));
    input.name = name;
    must(*api_, api_->AllocatorFree(allocator, name));
    OrtTypeInfo* type = nullptr;
    must(*api_, api_->SessionGetInputTypeInfo(session_, i, &type));
    const OrtTensorTypeAndShapeInfo* tensor = nullptr;
    must(*api_, api_->CastTypeInfoToTensorInfo(type, &tensor));
    std::size_t rank = 0;
    must(*api_, api_->GetDimensionsCount(tensor, &rank));
    input.dims.resize(rank);
    must(*api_, api_->GetDimensions(tensor, input.dims.data(), rank));
    std::vector<const char*> symbols(rank);
    must(*api_, api_->GetSymbolicDimensions(tensor, symbols.data(), rank));
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (input.dims[axis] >= 0) continue;
      const auto found = std::find(known.begin(), known.end(), symbols[axis]);
      input.dimensions.push_back(static_cast<std::size_t>(found - known.begin()));
      if (found == known.end()) known.emplace_back(symbols[axis]);
    }
    must(*api_, api_->GetTensorElementType(tensor, &input.type));
    api_->ReleaseTypeInfo(type);
    input.element_bytes = element_bytes(input.type);
    inputs_.push_back(std::move(input));
  }
}

void PlainSession::read_outputs() {
  OrtAllocator* allocator = nullptr;
  must(*api_, api_->GetAllocatorWithDefaultOptions(&allocator));
  std::size_t count = 0;
  must(*api_, api_->SessionGetOutputCount(session_, &count));
  for (std::size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    must(*api_, api_->SessionGetOutputName(session_, i, allocator, &name));
    outputs_.emplace_back(name);
    must(*api_, api_->AllocatorFree(allocator, name));
  }
}

std::vector<std::int64_t> PlainSession::shape_of(const Input& input, const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> shape = input.dims;
  std::size_t next = 0;
  for (auto& size : shape) {
    if (size < 0) size = sizes.at(input.dimensions.at(next++));
  }
  return shape;
}

void PlainSession::reserve(const std::vector<std::int64_t>& sizes) {
  for (Input& input : inputs_) {
    const std::size_t bytes = product(shape_of(input, sizes)) * input.element_bytes;
    if (input.buffer.size() < bytes) input.buffer.assign(bytes, std::byte{0});
  }
}

void PlainSession::run(const std::vector<std::int64_t>& sizes) {
  reserve(sizes);
  std::vector<const char*> names;
  std::vector<OrtValue*> values;
  for (Input& input : inputs_) {
    const auto shape = shape_of(input, sizes);
    OrtValue* value = nullptr;
    must(*api_, api_->CreateTensorWithDataAsOrtValue(memory_, input.buffer.data(),
                                                     product(shape) * input.element_bytes, shape.data(),
                                                     shape.size(), input.type, &value));
    names.push_back(input.name.c_str());
    values.push_back(value);
  }
  std::vector<const char*> output_names;
  for (const auto& name : outputs_) output_names.push_back(name.c_str());
  std::vector<OrtValue*> outputs(outputs_.size());
  must(*api_, api_->Run(session_, run_options_, names.data(), values.data(), values.size(),
                        output_names.data(), output_names.size(), outputs.data()));
  for (OrtValue* value : outputs) api_->ReleaseValue(value);
  for (OrtValue* value : values) api_->ReleaseValue(value);
}

}  // namespace onda::bench
