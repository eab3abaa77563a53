#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "serving/executor.h"
#include "serving/tensor_reshape.h"

namespace onda::serving {

/// Gives a model's outputs as its configuration has them: which ones, in which order, under which shapes.
class ConfiguredExecutor final : public Executor {
 public:
  /// One output of the configuration.
  struct Output {
    std::size_t index = 0;  ///< among those of the model
    TensorReshape reshape;
  };

  ConfiguredExecutor(std::unique_ptr<Executor> model, std::vector<Output> outputs) noexcept
      : model_(std::move(model)), outputs_(std::move(outputs)) {}

  void run(std::span<const NamedView> inputs, Parallelism parallelism, const RunOptions& options,
           Executed& executed) override;
  [[nodiscard]] const std::shared_ptr<Allocator>& allocator() const noexcept override {
    return model_->allocator();
  }
  [[nodiscard]] bool is_predictable() const noexcept override { return model_->is_predictable(); }

 private:
  const std::unique_ptr<Executor> model_;
  const std::vector<Output> outputs_;
};

}  // namespace onda::serving
