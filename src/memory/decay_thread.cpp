#include "memory/decay_thread.h"

#include <algorithm>
#include <utility>

namespace onda::memory {
namespace {

using std::chrono::steady_clock;

/// Bounds of one wait: whatever the clock says, the thread neither spins nor waits for longer than the
/// condition variable can count.
constexpr std::chrono::nanoseconds kShortestWait = std::chrono::milliseconds(1);
constexpr std::chrono::nanoseconds kLongestWait = std::chrono::hours(1);

/// After so many intervals without a need whatever could be given back has been: a spare span in the second,
/// and its pages two intervals later.
constexpr int kIntervalsWithoutNeed = 4;

}  // namespace

DecayThread::DecayThread(Options options) : options_(std::move(options)) {
  // Where it is off, nobody ever gets as far as asking.
  if (!options_.enabled) is_to_come_.store(true, std::memory_order_relaxed);
}

void DecayThread::stop() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DecayThread::ask() noexcept {
  const auto now = options_.clock();
  const std::scoped_lock lock(mutex_);
  if (is_ending_) return;
  if (is_alive_) {
    is_to_come_.store(true, std::memory_order_relaxed);
    return;
  }
  if (now < next_attempt_) return;
  is_alive_ = thread_.start([](void* self) noexcept { static_cast<DecayThread*>(self)->serve(); }, this);
  if (is_alive_) {
    is_to_come_.store(true, std::memory_order_relaxed);
  } else {
    // No thread is to be had: asked for again later, and not at each block that is given back.
    next_attempt_ = now + options_.interval;
  }
}

void DecayThread::serve() noexcept {
  int without_need = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    wait_for_interval(lock);
    if (is_ending_) return;
    without_need = is_to_come_.exchange(false, std::memory_order_relaxed) ? 0 : without_need;
    lock.unlock();
    const Pass pass = options_.pass(options_.context);
    lock.lock();
    if (pass.interval_ended) ++without_need;
    const bool done = !pass.more || without_need >= kIntervalsWithoutNeed;
    if (done && !is_to_come_.load(std::memory_order_relaxed)) {
      is_alive_ = false;
      return;
    }
  }
}

void DecayThread::wait_for_interval(std::unique_lock<std::mutex>& lock) noexcept {
  const auto end = options_.clock() + options_.interval;
  while (!is_ending_) {
    const auto now = options_.clock();
    if (now >= end) return;
    const auto remaining = std::clamp<std::chrono::nanoseconds>(end - now, kShortestWait, kLongestWait);
    changed_.wait_for(lock, remaining, [this] { return is_ending_; });
  }
}

}  // namespace onda::memory
