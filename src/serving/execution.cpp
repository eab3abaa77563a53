#include "serving/execution.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <optional>

namespace onda::serving {
namespace {

/// What was thrown, as an error for a request.
Error current_error() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::resource_exhausted, "there is not enough memory for the request"};
  } catch (const std::exception& error) {
    return {ErrorCode::internal, error.what()};
  }
}

/// `tensor` from item `begin` on, `count` of them: a view of the same elements.
TensorView slice(const TensorView& tensor, std::int64_t begin, std::int64_t count) {
  Shape shape = tensor.shape();
  const std::int64_t all = shape[0];
  shape[0] = count;
  const auto first = static_cast<std::size_t>(begin);
  const auto many = static_cast<std::size_t>(count);
  if (tensor.dtype() == DType::string) {
    const std::size_t each = all == 0 ? 0 : tensor.strings().size() / static_cast<std::size_t>(all);
    return {std::move(shape), tensor.strings().subspan(first * each, many * each)};
  }
  const std::size_t each = all == 0 ? 0 : tensor.bytes().size() / static_cast<std::size_t>(all);
  return {tensor.dtype(), std::move(shape), tensor.bytes().subspan(first * each, many * each)};
}

}  // namespace

/// The outputs that a request asked for, all of them where it named none.
void Execution::deliver(InferenceRequest& request, std::span<const NamedView> outputs) {
  auto& delivered = request.result.outputs;
  if (request.wanted_.empty()) {
    delivered.assign(outputs.begin(), outputs.end());
    return;
  }
  delivered.clear();
  for (const std::uint32_t index : request.wanted_) delivered.push_back(outputs[index]);
}

void Execution::begin() {
  staying_ = members.size();
  stop_ = std::stop_source();
}

void Execution::leave() noexcept {
  if (staying_ == 0) return;
  if (--staying_ == 0) stop_.request_stop();
}

RunOptions Execution::options_of_all() const noexcept {
  RunOptions options;
  options.stop = stop_.get_token();
  std::chrono::steady_clock::time_point latest = {};
  for (const InferenceRequest* member : members) {
    // One that waits without end keeps the run going.
    if (!member->deadline) return options;
    latest = std::max(latest, *member->deadline);
  }
  options.deadline = latest;
  return options;
}

void Execution::run_one(Executor& executor, Timing& timing, InferenceRequest& request,
                        Parallelism parallelism, const RunOptions& options, Executed& executed) noexcept {
  auto& result = request.result;
  result.times.compute_begin = timing.now();
  result.times.infer_begin = result.times.compute_begin;
  try {
    executor.run(request.model_inputs_, parallelism, options, executed);
    result.times.infer_end = timing.now();
    deliver(request, executed.outputs);
    result.hold = std::move(executed.hold);
  } catch (...) {
    result.error = current_error();
    result.times.infer_end = timing.now();
  }
  result.times.compute_end = result.times.infer_end;
}

void Execution::run_alone(InferenceRequest& request, Parallelism parallelism) noexcept {
  RunOptions options;
  options.stop = stop_.get_token();
  options.deadline = request.deadline;
  run_one(executor_, timing_, request, parallelism, options, executed_);
}

/// Equal keys made them meet, which are hashes: what would not fit goes no further.
void Execution::require_equal_shapes() const {
  const auto& first = members.front()->model_inputs_;
  for (const InferenceRequest* member : members) {
    const auto& inputs = member->model_inputs_;
    bool are_equal = inputs.size() == first.size();
    for (std::size_t i = 0; are_equal && i < inputs.size(); ++i) {
      const auto mine = inputs[i].tensor.shape().dims();
      const auto theirs = first[i].tensor.shape().dims();
      are_equal = inputs[i].name == first[i].name && inputs[i].tensor.dtype() == first[i].tensor.dtype() &&
                  !mine.empty() && mine.size() == theirs.size() && mine[0] == member->items_ &&
                  std::equal(mine.begin() + 1, mine.end(), theirs.begin() + 1);
    }
    if (!are_equal) throw Error(ErrorCode::internal, "requests of different shapes met in a batch");
  }
}

void Execution::gather() {
  require_equal_shapes();
  gathered_.clear();
  inputs_.clear();
  const InferenceRequest& first = *members.front();
  items_ = 0;
  for (const InferenceRequest* member : members) items_ += member->items_;
  // Reserved ahead: the views point into the tensors' own shapes and elements, which move with them.
  gathered_.reserve(first.model_inputs_.size());
  for (std::size_t i = 0; i < first.model_inputs_.size(); ++i) {
    const TensorView& like = first.model_inputs_[i].tensor;
    Shape shape = like.shape();
    shape[0] = items_;
    Tensor& all = gathered_.emplace_back(like.dtype(), std::move(shape), executor_.allocator());
    std::size_t at = 0;
    for (const InferenceRequest* member : members) {
      const TensorView& part = member->model_inputs_[i].tensor;
      if (like.dtype() == DType::string) {
        std::copy(part.strings().begin(), part.strings().end(),
                  all.strings().begin() + static_cast<std::ptrdiff_t>(at));
        at += part.strings().size();
      } else {
        if (!part.bytes().empty())
          std::memcpy(all.bytes().data() + at, part.bytes().data(), part.bytes().size());
        at += part.bytes().size();
      }
    }
    inputs_.push_back({first.model_inputs_[i].name, all.view()});
  }
}

bool Execution::follow_the_batch() const noexcept {
  return std::all_of(executed_.outputs.begin(), executed_.outputs.end(), [this](const NamedView& output) {
    return output.tensor.shape().rank() > 0 && output.tensor.shape()[0] == items_;
  });
}

void Execution::split() {
  std::int64_t begin = 0;
  std::vector<NamedView> part(executed_.outputs);
  for (InferenceRequest* member : members) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      part[i].tensor = slice(executed_.outputs[i].tensor, begin, member->items_);
    }
    deliver(*member, part);
    member->result.hold = executed_.hold;
    begin += member->items_;
  }
}

ExecutionOutcome Execution::run(Parallelism parallelism) noexcept {
  ran_alone_ = members.size() == 1;
  items_ = members.front()->items_;
  if (ran_alone_) {
    run_alone(*members.front(), parallelism);
    return ExecutionOutcome::done;
  }
  auto outcome = ExecutionOutcome::done;
  const auto compute_begin = timing_.now();
  try {
    gather();
    const auto infer_begin = timing_.now();
    executor_.run(inputs_, parallelism, options_of_all(), executed_);
    const auto infer_end = timing_.now();
    if (follow_the_batch()) {
      split();
      const auto compute_end = timing_.now();
      for (InferenceRequest* member : members) {
        auto& times = member->result.times;
        times.compute_begin = compute_begin;
        times.infer_begin = infer_begin;
        times.infer_end = infer_end;
        times.compute_end = compute_end;
      }
      executed_.outputs.clear();
      executed_.hold.reset();
      gathered_.clear();
      return outcome;
    }
    outcome = ExecutionOutcome::no_batch;
  } catch (...) {
    // It may be the fault of one of them: each finds out by itself.
    static_cast<void>(current_error());
  }
  executed_.outputs.clear();
  executed_.hold.reset();
  gathered_.clear();
  ran_alone_ = true;
  for (InferenceRequest* member : members) {
    member->result.outputs.clear();
    member->result.hold.reset();
    if (member->is_cancelled()) {
      member->result.error = Error(ErrorCode::cancelled, "the request was cancelled");
      member->result.times.compute_begin = compute_begin;
      continue;
    }
    run_alone(*member, parallelism);
  }
  return outcome;
}

}  // namespace onda::serving
