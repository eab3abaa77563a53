#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace onda::runtime {

/// Ends runs whose deadline passes. One thread for the process, made at the first deadline. Safe from any
/// thread.
class DeadlineTimer {
 public:
  using Clock = std::chrono::steady_clock;

  DeadlineTimer() = default;
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;
  ~DeadlineTimer();

  /// Calls `expire(context)` once at `deadline` unless it is destroyed before. After the destructor has
  /// returned the call is over or will never be made. `expire` must be short: it runs under the timer's lock.
  class Entry {
   public:
    Entry(DeadlineTimer& timer, Clock::time_point deadline, void (*expire)(void*) noexcept, void* context);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

   private:
    friend DeadlineTimer;
    DeadlineTimer& timer_;
    const Clock::time_point deadline_;
    void (*const expire_)(void*) noexcept;
    void* const context_;
    bool expired_ = false;  // guarded by timer_.mutex_
  };

 private:
  void serve(const std::stop_token& stop) noexcept;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Entry*> entries_;  // guarded by mutex_, in no order: as many as runs with a deadline
  std::uint64_t arrivals_ = 0;   // guarded by mutex_; tells the thread that there is a new deadline
  std::jthread thread_;          // guarded by mutex_ while it is made
};

}  // namespace onda::runtime
