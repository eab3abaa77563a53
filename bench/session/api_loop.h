#pragma once

#include <onnxruntime_c_api.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace onda::bench {

/// What a careful program does by hand for each call of a model with one input and one output, both float32:
/// the reference for what our session costs. Everything that can be made once is made once.
class ApiLoop {
 public:
  struct Ends {
    std::string input;
    std::string output;
    std::vector<std::int64_t> input_shape;
    std::vector<std::int64_t> output_shape;
  };

  /// The session, the elements and the table stay the caller's and must outlive this.
  ApiLoop(const OrtApi& api, OrtSession& session, Ends ends, std::span<float> input, std::span<float> output);
  ApiLoop(const ApiLoop&) = delete;
  ApiLoop& operator=(const ApiLoop&) = delete;
  ~ApiLoop();

  /// A new value for the input, the output allocated by ONNX Runtime, both released. Returns the first
  /// element.
  float run_with_new_values();
  /// The same two values each time.
  void run_preallocated();

 private:
  void require(OrtStatus* status) const;
  OrtValue* value_over(std::span<float> elements, const std::vector<std::int64_t>& shape) const;

  const OrtApi& api_;
  OrtSession& session_;
  Ends ends_;
  std::span<float> input_;
  OrtMemoryInfo* memory_ = nullptr;
  OrtValue* input_value_ = nullptr;
  OrtValue* output_value_ = nullptr;
};

}  // namespace onda::bench
