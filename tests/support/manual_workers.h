#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

#include "serving/task_queue.h"
#include "serving/worker_pool.h"

namespace onda::test {

/// Runs tasks when told, on the thread that tells. `post` is safe from any thread.
class ManualWorkers final : public serving::WorkerPool {
 public:
  explicit ManualWorkers(unsigned size = 1) : size_(size) {}
  ManualWorkers(const ManualWorkers&) = delete;
  ManualWorkers& operator=(const ManualWorkers&) = delete;
  ~ManualWorkers() override = default;

  void post(serving::Task& task) noexcept override {
    const std::scoped_lock lock(mutex_);
    queue_.push(task);
    ++posted_;
  }
  [[nodiscard]] unsigned size() const noexcept override { return size_; }
  [[nodiscard]] unsigned busy() const noexcept override { return busy_.load(); }
  /// What `busy` says between runs, as if others were running.
  void set_busy(unsigned count) noexcept { busy_ = count; }

  /// The task that came first; false where there is none.
  bool run_one() {
    serving::Task* task = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      task = queue_.pop();
    }
    if (task == nullptr) return false;
    ++busy_;
    task->run();
    --busy_;
    return true;
  }

  /// Until none is left, those that tasks post included. How many ran.
  std::size_t run_all() {
    std::size_t ran = 0;
    while (run_one()) ++ran;
    return ran;
  }

  [[nodiscard]] bool is_idle() const {
    const std::scoped_lock lock(mutex_);
    return queue_.empty();
  }
  /// Since the beginning.
  [[nodiscard]] std::size_t posted() const {
    const std::scoped_lock lock(mutex_);
    return posted_;
  }

 private:
  const unsigned size_;
  std::atomic<unsigned> busy_{0};
  mutable std::mutex mutex_;
  serving::TaskQueue queue_;  // guarded by mutex_
  std::size_t posted_ = 0;    // guarded by mutex_
};

}  // namespace onda::test
