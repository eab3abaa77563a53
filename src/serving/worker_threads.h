#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/task_queue.h"
#include "serving/worker_pool.h"

namespace onda::serving {

/// A fixed number of threads that take tasks from one queue. The thread that fell asleep last is woken first:
/// its caches are the warmest, and with little to do the others sleep on.
class WorkerThreads final : public WorkerPool {
 public:
  /// At least one thread. Throws std::system_error where the system has none to give.
  explicit WorkerThreads(unsigned count);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  /// Runs what is queued, and what that posts, then joins. Nobody else may post any more.
  ~WorkerThreads() override;

  void post(Task& task) noexcept override;
  [[nodiscard]] unsigned size() const noexcept override { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] unsigned busy() const noexcept override { return busy_.load(std::memory_order_relaxed); }

 private:
  struct Worker {
    std::condition_variable wake;
    bool is_busy = false;            // its own thread's
    bool is_called = false;          // guarded by mutex_
    Worker* next_sleeper = nullptr;  // guarded by mutex_
    std::thread thread;
  };

  void work(Worker& self) noexcept;
  /// The next task; null when the pool ends.
  [[nodiscard]] Task* next(Worker& self) noexcept;
  void wake_one() noexcept;
  void end() noexcept;

  std::mutex mutex_;
  TaskQueue queue_;             // guarded by mutex_
  Worker* sleepers_ = nullptr;  // guarded by mutex_, the last that fell asleep first
  bool is_ending_ = false;      // guarded by mutex_
  // Written under mutex_, read without it: a number that tells about a moment that is over.
  std::atomic<unsigned> busy_{0};
  std::vector<Worker> workers_;
};

}  // namespace onda::serving
