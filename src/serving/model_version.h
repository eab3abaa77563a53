#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/preprocess.h"
#include "serving/executor.h"
#include "serving/inference_request.h"
#include "serving/model_config.h"
#include "serving/scheduler.h"
#include "serving/tensor_reshape.h"
#include "serving/tensor_spec.h"
#include "telemetry/inference_statistics.h"

namespace onda::telemetry {
class TraceSampler;
}

namespace onda::serving {

/// What a version is made of.
struct VersionParts {
  std::string model;
  std::int64_t number = 1;
  /// Complete: what the file left out was taken from the model.
  ModelConfig config;
  /// As the clients see them, in the model's order.
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  ShapePolicy shape_policy = ShapePolicy::strict;
  std::optional<Preprocess> preprocess;
  /// Gives the outputs as the clients see them, in the order of `outputs`.
  std::unique_ptr<Executor> executor;
  SchedulerOptions scheduling;
  /// Chooses the requests that are traced. Null: none.
  std::shared_ptr<telemetry::TraceSampler> trace_sampler;
  /// What its files are in, where that goes with the version.
  std::shared_ptr<const void> hold;
};

/// One loaded version of a model: immutable, shared by the requests that run on it, and gone with the last of
/// them. Safe from any thread. Not to be destroyed by the completion of one of its own requests: whoever
/// hands it out makes sure that another thread does it (`shared_ptr` with a deleter).
class ModelVersion {
 public:
  ModelVersion(VersionParts parts, WorkerPool& workers, Timing& timing);
  ModelVersion(const ModelVersion&) = delete;
  ModelVersion& operator=(const ModelVersion&) = delete;
  /// No request may be in its scheduler.
  ~ModelVersion();

  [[nodiscard]] const std::string& model() const noexcept { return parts_.model; }
  [[nodiscard]] std::int64_t number() const noexcept { return parts_.number; }
  /// The number as the protocols write it.
  [[nodiscard]] const std::string& number_text() const noexcept { return number_text_; }
  [[nodiscard]] const ModelConfig& config() const noexcept { return parts_.config; }
  [[nodiscard]] std::span<const TensorSpec> inputs() const noexcept { return parts_.inputs; }
  [[nodiscard]] std::span<const TensorSpec> outputs() const noexcept { return parts_.outputs; }
  /// Null for a name that it does not have.
  [[nodiscard]] const TensorSpec* find_input(std::string_view name) const noexcept;
  [[nodiscard]] const TensorSpec* find_output(std::string_view name) const noexcept;
  /// Whether requests carry a batch dimension.
  [[nodiscard]] bool is_batched() const noexcept { return parts_.config.max_batch_size > 0; }
  /// The steps from an image to its input; empty where it takes no images.
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const noexcept { return parts_.preprocess; }
  [[nodiscard]] telemetry::InferenceStatistics& statistics() const noexcept { return *statistics_; }
  [[nodiscard]] Executor& executor() const noexcept { return *parts_.executor; }
  /// Whether the next request is to be traced: asked once for each.
  [[nodiscard]] bool traces_next() const noexcept;

  /// Checks the request's inputs and outputs against the model, and schedules it; `request.version` is this
  /// one. Whatever comes of it, `on_complete` is called once; nothing is thrown. On the calling thread where
  /// `caller` allows it and the model is quick enough, else on a worker.
  void submit(InferenceRequest& request, Caller caller) noexcept;

  void cancel(InferenceRequest& request) noexcept { scheduler_->cancel(request); }

  /// No request is taken any more (unavailable); those that wait still run.
  void close() noexcept { scheduler_->close(); }

 private:
  void check(InferenceRequest& request) const;
  void check_inputs(InferenceRequest& request) const;
  void check_batch(InferenceRequest& request) const;
  void check_outputs(InferenceRequest& request) const;
  [[nodiscard]] TensorView fit(InferenceRequest& request, std::size_t index, const TensorView& given) const;

  VersionParts parts_;
  std::vector<TensorReshape> input_reshapes_;
  std::string number_text_;
  std::unique_ptr<telemetry::InferenceStatistics> statistics_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace onda::serving
