#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "onda/dtype.h"
#include "onda/runtime.h"
#include "onda/session_options.h"
#include "onda/shape.h"
#include "onda/tensor.h"

namespace onda {

/// What kind of value a model takes or gives. Only tensors can be fed and returned.
enum class ValueKind { tensor, sequence, map, optional, sparse_tensor, opaque };
[[nodiscard]] std::string_view to_string(ValueKind kind) noexcept;

/// One input or output of a model.
struct ValueInfo {
  std::string name;
  ValueKind kind = ValueKind::tensor;
  DType dtype = DType::undefined;
  /// `Shape::kDynamic` where a dimension may vary.
  Shape shape;
  /// One per dimension; empty where it is fixed or has no name. Equal names stand for equal sizes.
  std::vector<std::string> dimension_names;
  /// False where the model does not tell a rank; `shape` is empty then and any is accepted.
  bool has_shape = true;
  /// An input that the model has a default for (an initialiser of the same name) may be left out.
  bool optional = false;
};

struct OpsetImport {
  std::string domain;  ///< "" is ONNX's own
  std::int64_t version = 0;
};

struct ModelMetadata {
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  std::string description;
  std::string graph_name;
  std::int64_t model_version = 0;
  std::int64_t ir_version = 0;  ///< 0 where the file does not tell (ORT format)
  std::vector<OpsetImport> opsets;
  std::map<std::string, std::string> custom;
};

struct NamedView {
  std::string_view name;
  TensorView tensor;
};
struct NamedMutableView {
  std::string_view name;
  MutableTensorView tensor;
};
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// What ends a run before it is done. A run looks at it between operators (about 13 ms on ResNet-50 at batch
/// 16).
struct RunOptions {
  std::stop_token stop = {};                                           ///< ends with `cancelled`
  std::optional<std::chrono::steady_clock::time_point> deadline = {};  ///< ends with `deadline_exceeded`
};

/// What the runs of one session took from the runtime's allocator: activations, and outputs that were not
/// lent. Host memory alone.
struct SessionMemory {
  std::uint64_t runs = 0;                  ///< that ended, well or not
  std::uint64_t peak_run_bytes = 0;        ///< the most that one run had alive at once
  std::uint64_t last_run_allocations = 0;  ///< blocks that the last run took
};

enum class PreparedState {
  off,       ///< not asked for
  missing,   ///< asked for, not there (or not usable): runs plain
  used,      ///< runs from a prepared model
  replaced,  ///< its weights were found damaged after it was opened: runs plain since
};

/// An open model. Safe from any thread: on the CPU provider any number of threads may run one session at once
/// (ONNX Runtime keeps no state of a run in the session; tests/runtime/session_threads_test.cpp compares
/// outputs under a thread sanitizer). A cheap handle that shares the model; outputs may outlive it.
///
/// Fixed-size elements are never copied: inputs are read where they are, preallocated outputs are written
/// where they are. Strings are copied once each way.
class Session {
 public:
  /// Throws not_found, permission_denied, data_loss (damaged or truncated), unimplemented (opset, operator or
  /// type that this ONNX Runtime lacks), invalid_argument (an option), resource_exhausted. The message names
  /// the file. Nothing below the model's directory stays mapped or open afterwards.
  static Session open(const Runtime& runtime, const std::filesystem::path& model,
                      const SessionOptions& options = {});
  /// From bytes, borrowed for the call. External data are looked for in no directory and refused.
  static Session open(const Runtime& runtime, std::span<const std::byte> model,
                      const SessionOptions& options = {});

  [[nodiscard]] std::span<const ValueInfo> inputs() const noexcept;
  [[nodiscard]] std::span<const ValueInfo> outputs() const noexcept;
  [[nodiscard]] const ModelMetadata& metadata() const noexcept;
  /// The device it runs on, after a fallback.
  [[nodiscard]] const Device& device() const noexcept;
  [[nodiscard]] int intra_op_threads() const noexcept;
  [[nodiscard]] PreparedState prepared() const noexcept;
  /// The strategy in use, after a fallback.
  [[nodiscard]] MemoryStrategy memory_strategy() const noexcept;
  /// What its runs took so far. Empty where nobody can tell, for which `why_no_memory` has the reason.
  [[nodiscard]] std::optional<SessionMemory> memory() const noexcept;
  /// "", or one sentence.
  [[nodiscard]] std::string_view why_no_memory() const noexcept;
  /// What it was opened on.
  [[nodiscard]] Runtime runtime() const;

  /// All outputs, in the model's order. Names may come in any order; inputs with a default may be left out.
  /// Before the run it checks names (invalid_argument), dtypes (type_mismatch), ranks, fixed dimensions and
  /// that equal symbolic dimensions are equal (shape_mismatch). Throws deadline_exceeded, cancelled,
  /// resource_exhausted, unimplemented for an output that is no tensor.
  [[nodiscard]] std::vector<NamedTensor> run(std::span<const NamedView> inputs,
                                             const RunOptions& options = {}) const;
  /// For models with one input.
  [[nodiscard]] std::vector<NamedTensor> run(const TensorView& input, const RunOptions& options = {}) const;

  /// As above, but ONNX Runtime writes the named outputs straight into the lent buffers; those that were not
  /// lent are allocated and returned, in the model's order. Strings cannot be preallocated (type_mismatch). A
  /// computed shape that differs from the lent one is shape_mismatch with both; the buffers' contents are
  /// then unspecified. Makes no heap allocation of Onda's own when all outputs are lent and the model has at
  /// most 16 inputs and 16 outputs.
  std::vector<NamedTensor> run(std::span<const NamedView> inputs, std::span<const NamedMutableView> outputs,
                               const RunOptions& options = {}) const;

  class Impl;

 private:
  explicit Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace onda
