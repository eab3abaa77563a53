#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace onda::runtime {

/// Ends runs whose deadline passes, and wakes what else waits for a time. One thread for the process, made at
/// the first deadline. Safe from any thread.
class DeadlineTimer {
 public:
  using Clock = std::chrono::steady_clock;

  DeadlineTimer() = default;
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;
  ~DeadlineTimer();

  static constexpr Clock::time_point kNever = Clock::time_point::max();
  /// Returns when it is to be called again.
  using Expire = Clock::time_point (*)(void* context) noexcept;

  /// Calls `expire(context)` at `deadline` unless it is destroyed before. After the destructor has returned
  /// the call is over or will never be made. `expire` must be short: it runs under the timer's lock.
  class Entry {
   public:
    Entry(DeadlineTimer& timer, Clock::time_point deadline, Expire expire, void* context);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

    /// Another deadline in place of the one that was, which may have passed. Not to be called by `expire`.
    /// Throws std::system_error where there is no thread for it.
    void set(Clock::time_point deadline);

   private:
    friend DeadlineTimer;
    DeadlineTimer& timer_;
    Clock::time_point deadline_;  // guarded by timer_.mutex_
    const Expire expire_;
    void* const context_;
  };

 private:
  void serve(const std::stop_token& stop) noexcept;
  /// With the lock held.
  void announce(Clock::time_point deadline);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Entry*> entries_;  // guarded by mutex_, in no order: as many as runs with a deadline
  std::uint64_t arrivals_ = 0;   // guarded by mutex_; tells the thread that there is a new deadline
  std::jthread thread_;          // guarded by mutex_ while it is made
};

}  // namespace onda::runtime
