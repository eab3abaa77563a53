#pragma once

namespace onda::serving {

/// Work for a worker. Whoever posts it keeps it alive until `run` was called.
class Task {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Task() = default;

 private:
  friend class TaskQueue;
  Task* next_ = nullptr;
};

/// Threads that run models, shared by all of the process. Tests have one that runs when told.
class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  /// In the order posted. A task may be posted again once its `run` has begun, from within it too. Allocates
  /// nothing.
  virtual void post(Task& task) noexcept = 0;
  /// How many tasks run at once.
  [[nodiscard]] virtual unsigned size() const noexcept = 0;
  /// How many tasks are running now. A moment later it may be another number.
  [[nodiscard]] virtual unsigned busy() const noexcept = 0;
};

}  // namespace onda::serving
