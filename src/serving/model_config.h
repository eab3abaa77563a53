#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "onda/dtype.h"
#include "onda/preprocess.h"
#include "onda/session_options.h"
#include "onda/shape.h"
#include "serving/queue_policy.h"
#include "serving/version_policy.h"

namespace onda::serving {

enum class TensorFormat { none, nhwc, nchw };

/// One input or output as the configuration has it.
struct TensorConfig {
  std::string name;
  /// `undefined`: not given.
  DType dtype = DType::undefined;
  /// What clients send or get, without the batch dimension where the model batches. Empty where nothing was
  /// given, and for scalars.
  Shape dims = {};
  /// What the model sees instead of `dims`, without the batch dimension too.
  std::optional<Shape> reshape = {};
  TensorFormat format = TensorFormat::none;  ///< of an input; it changes nothing
  bool optional = false;                     ///< of an input: it may be left out
  std::string label_filename = {};           ///< of an output: below the model's directory
  /// The model tells no rank and the configuration no dims: any shape is taken. Set by `complete_config`;
  /// `dims` is
  /// [-1] then.
  bool any_shape = false;
};

enum class InstanceKind { automatic, cpu, gpu, model };

struct InstanceGroup {
  std::string name = {};
  InstanceKind kind = InstanceKind::automatic;
  int count = 0;  ///< 0: not given
  std::vector<int> gpus = {};
};

struct DynamicBatching {
  std::vector<std::int64_t> preferred_batch_sizes = {};  ///< positive
  std::chrono::microseconds max_queue_delay{0};
  bool preserve_ordering = false;
  /// Priorities 1 to this; 0: there is one.
  std::uint64_t priority_levels = 0;
  /// Within 1 to `priority_levels` where there are any.
  std::uint64_t default_priority_level = 0;
  QueuePolicy default_queue_policy = {};
  std::map<std::uint64_t, QueuePolicy> queue_policies = {};  ///< by priority
};

/// The data of one input of a warm-up request.
struct WarmUpInput {
  struct Zero {};
  struct Random {};
  /// Raw bytes in the file `warmup/<name>` of the model's directory.
  struct File {
    std::string name;
  };
  DType dtype = DType::undefined;
  Shape dims = {};  ///< without the batch dimension
  std::variant<Zero, Random, File> data = {};
};

/// Requests that are run before a version is ready.
struct WarmUp {
  std::string name = {};
  std::uint32_t batch_size = 0;
  std::map<std::string, WarmUpInput> inputs = {};  ///< by name
  std::uint32_t count = 1;                         ///< how often; at least 1
};

/// How a model is served, in our own types. What was only warned about is not in it.
struct ModelConfig {
  std::string name = {};
  std::string platform = {};  ///< "" or kPlatform
  std::string backend = {};   ///< "" or kBackend
  /// 0: the model does not batch.
  int max_batch_size = 0;
  std::vector<TensorConfig> inputs = {};
  std::vector<TensorConfig> outputs = {};
  VersionPolicy version_policy = {};
  std::vector<InstanceGroup> instance_groups = {};
  std::optional<DynamicBatching> dynamic_batching = {};
  /// -1 basic, 0 all, 1 extended, 2 off.
  int graph_level = 0;
  std::vector<WarmUp> warm_ups = {};
  std::string default_model_filename = {};  ///< a file name; "" stands for kModelFilename
  std::map<std::string, std::string> parameters = {};
  /// Libraries of custom operators, relative to the model's directory. Empty unless they were allowed.
  std::vector<std::string> custom_op_libraries = {};

  static constexpr std::string_view kPlatform = "onnxruntime_onnx";
  static constexpr std::string_view kBackend = "onnxruntime";
  static constexpr std::string_view kModelFilename = "model.onnx";
};

/// How the sessions of a model are opened and used: what its parameters and its graph level mean.
struct ExecutionSettings {
  SessionOptions session;
  ShapePolicy shape_policy = ShapePolicy::strict;
  /// As written; what the model's input settles is `derive_preprocess`'s.
  std::optional<Preprocess> preprocess = {};
  /// Parameters that only tune, and are not used.
  std::vector<std::string> warnings = {};
};

/// `defaults` with what the configuration says. Throws invalid_argument for a parameter's value that means
/// nothing, with its key.
[[nodiscard]] ExecutionSettings execution_settings_of(const ModelConfig& config,
                                                      const SessionOptions& defaults);
/// The session's part alone.
[[nodiscard]] SessionOptions session_options_of(const ModelConfig& config, const SessionOptions& defaults);

/// The slots that `instance_group` asks for, the counts of all groups together; 0: none were given.
[[nodiscard]] int instance_count(const ModelConfig& config) noexcept;

/// The dtype by its name in configurations, "TYPE_FP32"; "" for one that they have no name for.
[[nodiscard]] std::string_view config_name(DType dtype) noexcept;

}  // namespace onda::serving
