#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "onda/allocator.h"
#include "onda/error.h"
#include "onda/tensor.h"
#include "serving/executor.h"
#include "serving/model_version.h"
#include "support/manual_timing.h"
#include "support/manual_workers.h"

namespace onda::test {

/// Answers with what it was told, whatever the inputs.
class AnsweringExecutor final : public serving::Executor {
 public:
  /// What a run gives: the outputs, in the model's order. May throw.
  using Answer = std::function<std::vector<NamedTensor>(std::span<const NamedView> inputs)>;
  explicit AnsweringExecutor(Answer answer) : answer_(std::move(answer)) {}

  void run(std::span<const NamedView> inputs, serving::Parallelism, const RunOptions&,
           serving::Executed& executed) override {
    executed.outputs.clear();
    executed.hold.reset();
    if (!answer_) throw Error(ErrorCode::unimplemented, "this model of a test is not for running");
    auto hold = std::make_shared<std::vector<NamedTensor>>(answer_(inputs));
    for (const NamedTensor& output : *hold) executed.outputs.push_back({output.name, output.tensor.view()});
    executed.hold = std::move(hold);
  }
  [[nodiscard]] const std::shared_ptr<Allocator>& allocator() const noexcept override { return allocator_; }
  [[nodiscard]] bool is_predictable() const noexcept override { return true; }

 private:
  Answer answer_;
  std::shared_ptr<Allocator> allocator_ = system_allocator();
};

struct FakeModel {
  std::string name = "m";
  std::int64_t version = 1;
  /// As the clients see them: with the batch dimension where `max_batch_size` is not 0.
  std::vector<serving::TensorSpec> inputs = {};
  std::vector<serving::TensorSpec> outputs = {};
  int max_batch_size = 0;
  AnsweringExecutor::Answer answer = {};
};

/// A version of a model that needs no ONNX Runtime. Its workers and its clock, moved by hand, live with it.
class FakeVersion {
 public:
  explicit FakeVersion(FakeModel model)
      : version_(std::make_shared<serving::ModelVersion>(parts_of(std::move(model)), workers_, timing_)) {}

  [[nodiscard]] serving::ModelVersion& operator*() const noexcept { return *version_; }
  [[nodiscard]] serving::ModelVersion* operator->() const noexcept { return version_.get(); }
  [[nodiscard]] const std::shared_ptr<serving::ModelVersion>& shared() const noexcept { return version_; }
  [[nodiscard]] ManualWorkers& workers() noexcept { return workers_; }
  [[nodiscard]] ManualTiming& timing() noexcept { return timing_; }

 private:
  static serving::VersionParts parts_of(FakeModel model) {
    serving::VersionParts parts;
    parts.model = std::move(model.name);
    parts.number = model.version;
    parts.config.name = parts.model;
    parts.config.max_batch_size = model.max_batch_size;
    parts.inputs = std::move(model.inputs);
    parts.outputs = std::move(model.outputs);
    parts.executor = std::make_unique<AnsweringExecutor>(std::move(model.answer));
    parts.scheduling.max_batch_size = std::max(model.max_batch_size, 1);
    return parts;
  }

  ManualWorkers workers_;
  ManualTiming timing_;
  std::shared_ptr<serving::ModelVersion> version_;
};

}  // namespace onda::test
