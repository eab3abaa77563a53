#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "onda/log.h"
#include "serving/executor.h"
#include "serving/inference_request.h"
#include "serving/queue_policy.h"
#include "serving/timing.h"
#include "serving/worker_pool.h"
#include "telemetry/inference_statistics.h"

namespace onda::serving {

/// Who submits a request.
enum class Caller {
  io_thread,  ///< others wait behind it: only what is quicker than a hand-over runs on it
  any_thread  ///< never runs a model itself
};

struct SchedulerOptions {
  /// Runs at once.
  unsigned slots = 1;
  /// Whether requests are joined; else each runs alone.
  bool batching = false;
  std::int64_t max_batch_size = 1;
  std::vector<std::int64_t> preferred_batch_sizes = {};
  std::chrono::microseconds max_queue_delay{0};
  /// Answers leave in the order in which requests came: one execution at a time.
  bool preserve_ordering = false;
  QueueOptions queue = {};
  /// What runs longer is handed over to a worker next time: the cost of a hand-over.
  std::chrono::nanoseconds handover = std::chrono::microseconds(50);
  /// Where `batching` is switched off for wrong output sizes, and other things a person should know, are
  /// told.
  LogSink log = {};
};

/// Puts the requests of one version in order and runs them, alone or in batches. Safe from any thread.
///
/// A queue for each priority, first in first out. A full queue and an expired request are refused at once;
/// what was cancelled does not run. Which requests make a batch is decided by `form_batch`, a pure function.
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, Executor& executor, WorkerPool& workers, Timing& timing,
            telemetry::InferenceStatistics& statistics);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  /// Waits for the runs that are under way; no request may wait.
  ~Scheduler();

  /// The request was checked against the model; its completion is called exactly once.
  void submit(InferenceRequest& request, Caller caller) noexcept;
  /// It failed before it could be scheduled: it is counted and completed.
  void refuse(InferenceRequest& request, const Error& error) noexcept;
  /// See InferenceRequest::cancel.
  void cancel(InferenceRequest& request) noexcept;
  /// New requests are refused (unavailable).
  void close() noexcept;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::serving
