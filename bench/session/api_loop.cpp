#include "bench/session/api_loop.h"

#include <stdexcept>
#include <utility>

namespace onda::bench {

ApiLoop::ApiLoop(const OrtApi& api, OrtSession& session, Ends ends, std::span<float> input,
                 std::span<float> output)
    : api_(api), session_(session), ends_(std::move(ends)), input_(input) {
  require(api_.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory_));
  input_value_ = value_over(input, ends_.input_shape);
  output_value_ = value_over(output, ends_.output_shape);
}

ApiLoop::~ApiLoop() {
  api_.ReleaseValue(output_value_);
  api_.ReleaseValue(input_value_);
  api_.ReleaseMemoryInfo(memory_);
}

float ApiLoop::run_with_new_values() {
  const OrtValue* input = value_over(input_, ends_.input_shape);
  OrtValue* output = nullptr;
  const char* input_name = ends_.input.c_str();
  const char* output_name = ends_.output.c_str();
  require(api_.Run(&session_, nullptr, &input_name, &input, 1, &output_name, 1, &output));
  void* data = nullptr;
  require(api_.GetTensorMutableData(output, &data));
  const float first = *static_cast<const float*>(data);
  api_.ReleaseValue(output);
  api_.ReleaseValue(const_cast<OrtValue*>(input));
  return first;
}

void ApiLoop::run_preallocated() {
  const OrtValue* input = input_value_;
  const char* input_name = ends_.input.c_str();
  const char* output_name = ends_.output.c_str();
  require(api_.Run(&session_, nullptr, &input_name, &input, 1, &output_name, 1, &output_value_));
}

OrtValue* ApiLoop::value_over(std::span<float> elements, const std::vector<std::int64_t>& shape) const {
  OrtValue* value = nullptr;
  require(api_.CreateTensorWithDataAsOrtValue(memory_, elements.data(), elements.size_bytes(), shape.data(),
                                              shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value));
  return value;
}

void ApiLoop::require(OrtStatus* status) const {
  if (status != nullptr) throw std::runtime_error(api_.GetErrorMessage(status));
}

}  // namespace onda::bench
