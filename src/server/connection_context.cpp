#include "server/connection_context.h"

namespace onda::server {

void ConnectionCount::remove() noexcept {
  // Under the lock: who waits must not miss it, nor be gone while it is told.
  const std::scoped_lock lock(mutex_);
  if (open_.fetch_sub(1, std::memory_order_relaxed) == 1) changed_.notify_all();
}

bool ConnectionCount::wait_for_none(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return open() == 0; });
}

void ConnectionCount::wait_for_none() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return open() == 0; });
}

}  // namespace onda::server
