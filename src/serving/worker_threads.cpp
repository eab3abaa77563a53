#include "serving/worker_threads.h"

#include <algorithm>

namespace onda::serving {

WorkerThreads::WorkerThreads(unsigned count) : workers_(std::max(count, 1U)) {
  try {
    for (Worker& worker : workers_) {
      worker.thread = std::thread([this, &worker]() noexcept { work(worker); });
    }
  } catch (...) {
    end();
    throw;
  }
}

WorkerThreads::~WorkerThreads() { end(); }

void WorkerThreads::end() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
    while (sleepers_ != nullptr) wake_one();
  }
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

void WorkerThreads::post(Task& task) noexcept {
  const std::scoped_lock lock(mutex_);
  queue_.push(task);
  // Under the lock: the task may be what the pool's owner waits for before it destroys the pool.
  if (sleepers_ != nullptr) wake_one();
}

void WorkerThreads::wake_one() noexcept {
  Worker& worker = *sleepers_;
  sleepers_ = worker.next_sleeper;
  worker.is_called = true;
  worker.wake.notify_one();
}

Task* WorkerThreads::next(Worker& self) noexcept {
  std::unique_lock lock(mutex_);
  if (self.is_busy) busy_.fetch_sub(1, std::memory_order_relaxed);
  self.is_busy = false;
  while (true) {
    // A worker that has just finished may take what another was woken for: it is quicker.
    if (Task* task = queue_.pop()) {
      self.is_busy = true;
      busy_.fetch_add(1, std::memory_order_relaxed);
      return task;
    }
    if (is_ending_) return nullptr;
    self.is_called = false;
    self.next_sleeper = sleepers_;
    sleepers_ = &self;
    self.wake.wait(lock, [&] { return self.is_called; });
  }
}

void WorkerThreads::work(Worker& self) noexcept {
  while (Task* task = next(self)) task->run();
}

}  // namespace onda::serving
