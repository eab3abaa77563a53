#pragma once

#include "serving/worker_pool.h"

namespace onda::serving {

/// Tasks in the order in which they came, chained through themselves: it allocates nothing. Not safe from
/// several threads. A task is in one queue at a time, once.
class TaskQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push(Task& task) noexcept {
    task.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &task;
    last_ = &task;
  }

  /// Null where it is empty. The task may be pushed again from then on.
  [[nodiscard]] Task* pop() noexcept {
    Task* task = first_;
    if (task == nullptr) return nullptr;
    first_ = task->next_;
    if (first_ == nullptr) last_ = nullptr;
    task->next_ = nullptr;
    return task;
  }

 private:
  Task* first_ = nullptr;
  Task* last_ = nullptr;
};

}  // namespace onda::serving
