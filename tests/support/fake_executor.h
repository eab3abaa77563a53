#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "onda/error.h"
#include "serving/executor.h"

namespace onda::test {

/// A model of one input and one output that computes what it is told; by default the output is the input.
/// Remembers the shapes that it was run with.
class FakeExecutor : public serving::Executor {
 public:
  using Function = std::function<Tensor(const TensorView&, const RunOptions&)>;

  explicit FakeExecutor(Function function = {}, bool is_predictable = true)
      : function_(std::move(function)), is_predictable_(is_predictable) {}

  void run(std::span<const NamedView> inputs, serving::Parallelism parallelism, const RunOptions& options,
           serving::Executed& executed) override {
    executed.outputs.clear();
    executed.hold.reset();
    {
      const std::scoped_lock lock(mutex_);
      shapes_.push_back(inputs.front().tensor.shape());
      parallelisms_.push_back(parallelism);
    }
    auto output = std::make_shared<Tensor>(function_ ? function_(inputs.front().tensor, options)
                                                     : Tensor::copy_of(inputs.front().tensor));
    executed.outputs.push_back({"y", output->view()});
    executed.hold = std::move(output);
  }
  [[nodiscard]] const std::shared_ptr<Allocator>& allocator() const noexcept override { return allocator_; }
  [[nodiscard]] bool is_predictable() const noexcept override { return is_predictable_; }

  [[nodiscard]] std::vector<Shape> shapes() const {
    const std::scoped_lock lock(mutex_);
    return shapes_;
  }
  [[nodiscard]] std::vector<serving::Parallelism> parallelisms() const {
    const std::scoped_lock lock(mutex_);
    return parallelisms_;
  }

 private:
  const Function function_;
  const bool is_predictable_;
  const std::shared_ptr<Allocator> allocator_ = system_allocator();
  mutable std::mutex mutex_;
  std::vector<Shape> shapes_;                       // guarded by mutex_
  std::vector<serving::Parallelism> parallelisms_;  // guarded by mutex_
};

}  // namespace onda::test
