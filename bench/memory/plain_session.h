#pragma once

#include <onnxruntime_c_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/library.h"

namespace onda::bench {

/// Throws std::runtime_error with ONNX Runtime's text.
void must(const OrtApi& api, OrtStatus* status);

/// ONNX Runtime by its C API, without anything of Onda's but the look-up of its library; telemetry off.
class PlainRuntime {
 public:
  /// With `arena` (keys of CreateArenaCfgV2), an arena of the environment's that sessions share by
  /// `session.use_env_allocators`.
  explicit PlainRuntime(const std::map<std::string, std::size_t>& arena = {});
  PlainRuntime(const PlainRuntime&) = delete;
  PlainRuntime& operator=(const PlainRuntime&) = delete;
  ~PlainRuntime();

  [[nodiscard]] const OrtApi& api() const { return library_.api(); }
  [[nodiscard]] OrtEnv* env() const { return env_; }
  [[nodiscard]] std::string version() const { return library_.version(); }

 private:
  runtime::Library library_;
  OrtEnv* env_ = nullptr;
};

struct PlainOptions {
  int threads = 2;
  bool memory_pattern = true;
  bool arena = true;
  std::map<std::string, std::string> config = {};      ///< of the session
  std::map<std::string, std::string> run_config = {};  ///< of each run
};

/// A session whose inputs are all zeros. Their buffer is made once, for the largest run.
class PlainSession {
 public:
  PlainSession(const PlainRuntime& runtime, const std::string& model, const PlainOptions& options);
  PlainSession(const PlainSession&) = delete;
  PlainSession& operator=(const PlainSession&) = delete;
  ~PlainSession();

  /// Makes room for runs of these sizes, and touches it.
  void reserve(const std::vector<std::int64_t>& sizes);
  /// Runs once and releases the outputs. `sizes` are those of the dynamic dimensions, by their names in order
  /// of first use.
  void run(const std::vector<std::int64_t>& sizes);

 private:
  struct Input {
    std::string name;
    std::vector<std::int64_t> dims;       ///< -1: dynamic
    std::vector<std::size_t> dimensions;  ///< which of the sizes, for the dynamic ones in order
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    std::size_t element_bytes = 0;
    std::vector<std::byte> buffer;
  };
  void read_inputs();
  void read_outputs();
  [[nodiscard]] static std::vector<std::int64_t> shape_of(const Input& input,
                                                          const std::vector<std::int64_t>& sizes);

  const OrtApi* api_;
  OrtSession* session_ = nullptr;
  OrtRunOptions* run_options_ = nullptr;
  OrtMemoryInfo* memory_ = nullptr;
  std::vector<Input> inputs_;
  std::vector<std::string> outputs_;
};

}  // namespace onda::bench
