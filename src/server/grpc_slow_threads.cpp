#include "server/grpc_slow_threads.h"

#include <system_error>

namespace onda::server {

GrpcSlowThreads::~GrpcSlowThreads() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void GrpcSlowThreads::post(serving::Task& task) {
  const std::scoped_lock lock(mutex_);
  if (queued_ >= idle_ && threads_.size() < kMost) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {
      // Those that there are do it later.
      if (threads_.empty()) throw;
    }
  }
  queue_.push(task);
  ++queued_;
  changed_.notify_one();
}

void GrpcSlowThreads::serve() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return queued_ > 0 || is_ending_; });
    --idle_;
    if (queued_ == 0) return;
    serving::Task* const task = queue_.pop();
    --queued_;
    lock.unlock();
    task->run();
    lock.lock();
  }
}

}  // namespace onda::server
