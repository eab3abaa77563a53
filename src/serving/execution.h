#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "serving/executor.h"
#include "serving/inference_request.h"
#include "serving/timing.h"

namespace onda::serving {

/// How the requests of an execution fared.
enum class ExecutionOutcome {
  done,     ///< each has its outputs, or its error
  no_batch  ///< the model's outputs do not follow the batch: each was run alone
};

/// One use of a slot: the requests that run together, from the gathering of their inputs to the outputs of
/// each. Reused; it keeps its memory. Everything but `leave` is for the thread that runs it.
class Execution {
 public:
  Execution(Executor& executor, Timing& timing) noexcept : executor_(executor), timing_(timing) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// Guarded by the scheduler's mutex until `run`, and again from its end.
  std::vector<InferenceRequest*> members;

  /// Makes it ready to be ended by `leave`. Under the scheduler's mutex, after the members were set.
  void begin();
  /// One member's client has gone: with the last of them the run is ended. Under the scheduler's mutex.
  void leave() noexcept;
  [[nodiscard]] std::size_t staying() const noexcept { return staying_; }

  /// Runs the members: together, where they are several. An error of a run of several is nobody's yet: each
  /// is run alone then, so that only the one at fault has it. `result` of each is filled but for the queue's
  /// times.
  [[nodiscard]] ExecutionOutcome run(Parallelism parallelism) noexcept;

  /// Of the last run together: the items, and 0 where none succeeded.
  [[nodiscard]] std::int64_t items() const noexcept { return items_; }
  /// How often the runtime was called with success by the last `run`, each with the times of `result`s.
  [[nodiscard]] bool ran_alone() const noexcept { return ran_alone_; }

  /// One request on the calling thread, without slots, stops or batches: the quick way.
  static void run_one(Executor& executor, Timing& timing, InferenceRequest& request, Parallelism parallelism,
                      const RunOptions& options, Executed& executed) noexcept;

 private:
  void run_alone(InferenceRequest& request, Parallelism parallelism) noexcept;
  void require_equal_shapes() const;
  void gather();
  static void deliver(InferenceRequest& request, std::span<const NamedView> outputs);
  [[nodiscard]] bool follow_the_batch() const noexcept;
  void split();
  [[nodiscard]] RunOptions options_of_all() const noexcept;

  Executor& executor_;
  Timing& timing_;
  std::stop_source stop_{std::nostopstate};
  std::size_t staying_ = 0;
  std::int64_t items_ = 0;
  bool ran_alone_ = false;
  Executed executed_;
  std::vector<Tensor> gathered_;
  std::vector<NamedView> inputs_;
};

}  // namespace onda::serving
