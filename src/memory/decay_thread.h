#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "memory/background_thread.h"

namespace onda::memory {

/// Calls a pass at the end of each interval for as long as there is memory that passes could give back. The
/// thread is made at the first need and ends when nothing is left, so that an idle process has neither the
/// thread nor its wake-ups.
///
/// Safe from any thread.
class DecayThread {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// What a pass found.
  struct Pass {
    bool interval_ended = false;  ///< by the clock of the allocator
    bool more = false;            ///< something is still held that nobody uses
  };

  struct Options {
    bool enabled = true;
    std::chrono::nanoseconds interval{};
    Clock clock;  ///< not empty
    Pass (*pass)(void* context) noexcept = nullptr;
    void* context = nullptr;  ///< outlives this object
  };

  explicit DecayThread(Options options);
  DecayThread(const DecayThread&) = delete;
  DecayThread& operator=(const DecayThread&) = delete;
  ~DecayThread() { stop(); }

  /// Waits for a pass that is under way; there is none afterwards, whatever is needed.
  void stop() noexcept;

  /// There is memory that nobody uses: a pass is to come. Called after that memory was given back, and under
  /// no lock of the heap, as a thread may be made here. Nothing more than a read where a pass is to come
  /// already.
  void need() noexcept {
    if (!is_to_come_.load(std::memory_order_relaxed)) ask();
  }

 private:
  void ask() noexcept;
  void serve() noexcept;
  void wait_for_interval(std::unique_lock<std::mutex>& lock) noexcept;

  const Options options_;
  // A pass begins after this was last set. Cleared before a pass takes the locks of what it gives back: who
  // frees under such a lock afterwards sees it cleared, what was freed before is seen by the pass. Relaxed,
  // as those locks do the ordering.
  std::atomic<bool> is_to_come_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool is_alive_ = false;
  bool is_ending_ = false;
  std::chrono::steady_clock::time_point next_attempt_ = std::chrono::steady_clock::time_point::min();
  BackgroundThread thread_;
};

}  // namespace onda::memory
