#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/task_queue.h"
#include "serving/worker_pool.h"

namespace onda::server {

/// Threads for calls that take as long as loading a model does. They are made when there is something to do
/// for them, so that a server that loads nothing has none.
class GrpcSlowThreads {
 public:
  static constexpr std::size_t kMost = 8;

  GrpcSlowThreads() = default;
  GrpcSlowThreads(const GrpcSlowThreads&) = delete;
  GrpcSlowThreads& operator=(const GrpcSlowThreads&) = delete;
  /// Does what is left, then joins.
  ~GrpcSlowThreads();

  /// Whoever posts it keeps it alive until `run` was called. Throws std::system_error where there is no
  /// thread and none can be made.
  void post(serving::Task& task);

 private:
  void serve() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  serving::TaskQueue queue_;
  std::size_t idle_ = 0;
  std::size_t queued_ = 0;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace onda::server
