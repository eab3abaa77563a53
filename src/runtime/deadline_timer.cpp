#include "runtime/deadline_timer.h"

#include <algorithm>

namespace onda::runtime {

DeadlineTimer::~DeadlineTimer() = default;

void DeadlineTimer::announce(Clock::time_point deadline) {
  if (deadline == kNever) return;
  ++arrivals_;
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  changed_.notify_one();
}

DeadlineTimer::Entry::Entry(DeadlineTimer& timer, Clock::time_point deadline, Expire expire, void* context)
    : timer_(timer), deadline_(deadline), expire_(expire), context_(context) {
  const std::scoped_lock lock(timer_.mutex_);
  timer_.entries_.push_back(this);
  try {
    timer_.announce(deadline);
  } catch (...) {
    timer_.entries_.pop_back();
    throw;
  }
}

void DeadlineTimer::Entry::set(Clock::time_point deadline) {
  const std::scoped_lock lock(timer_.mutex_);
  timer_.announce(deadline);
  deadline_ = deadline;
}

DeadlineTimer::Entry::~Entry() {
  const std::scoped_lock lock(timer_.mutex_);
  std::erase(timer_.entries_, this);
}

void DeadlineTimer::serve(const std::stop_token& stop) noexcept {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    auto next = kNever;
    const auto now = Clock::now();
    for (Entry* entry : entries_) {
      if (entry->deadline_ <= now) entry->deadline_ = entry->expire_(entry->context_);
      next = std::min(next, entry->deadline_);
    }
    const auto seen = arrivals_;
    const auto somebody_came = [&] { return arrivals_ != seen; };
    if (next == kNever) {
      changed_.wait(lock, stop, somebody_came);
    } else {
      changed_.wait_until(lock, stop, next, somebody_came);
    }
  }
}

}  // namespace onda::runtime
