#include "runtime/deadline_timer.h"

#include <algorithm>

namespace onda::runtime {

DeadlineTimer::~DeadlineTimer() = default;

DeadlineTimer::Entry::Entry(DeadlineTimer& timer, Clock::time_point deadline, void (*expire)(void*) noexcept,
                            void* context)
    : timer_(timer), deadline_(deadline), expire_(expire), context_(context) {
  const std::scoped_lock lock(timer_.mutex_);
  timer_.entries_.push_back(this);
  ++timer_.arrivals_;
  if (!timer_.thread_.joinable()) {
    try {
      timer_.thread_ = std::jthread([&timer](const std::stop_token& stop) { timer.serve(stop); });
    } catch (...) {
      timer_.entries_.pop_back();
      throw;
    }
  }
  timer_.changed_.notify_one();
}

DeadlineTimer::Entry::~Entry() {
  const std::scoped_lock lock(timer_.mutex_);
  std::erase(timer_.entries_, this);
}

void DeadlineTimer::serve(const std::stop_token& stop) noexcept {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    auto next = Clock::time_point::max();
    const auto now = Clock::now();
    for (Entry* entry : entries_) {
      if (entry->expired_) continue;
      if (entry->deadline_ <= now) {
        entry->expired_ = true;
        entry->expire_(entry->context_);
      } else {
        next = std::min(next, entry->deadline_);
      }
    }
    const auto seen = arrivals_;
    const auto somebody_came = [&] { return arrivals_ != seen; };
    if (next == Clock::time_point::max()) {
      changed_.wait(lock, stop, somebody_came);
    } else {
      changed_.wait_until(lock, stop, next, somebody_came);
    }
  }
}

}  // namespace onda::runtime
