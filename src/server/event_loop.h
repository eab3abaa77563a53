#pragma once

#include <atomic>
#include <chrono>
#include <memory>

namespace onda::server {

/// What a watched descriptor is ready for. Told once, when it becomes so: who is told reads or writes until
/// it would block, or remembers that it may.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;   ///< the peer sends nothing more
  bool broken = false;  ///< the connection is gone
};

/// Told about a descriptor, on the loop's thread.
class Watcher {
 public:
  virtual void on_ready(Readiness readiness) noexcept = 0;

 protected:
  ~Watcher() = default;
};

/// Work for a loop's thread. Whoever posts it keeps it alive until `run` was called.
class LoopTask {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~LoopTask() = default;

 private:
  friend class EventLoop;
  LoopTask* next_ = nullptr;
};

/// One thread's reactor: waits for descriptors, tasks and the time.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  /// Told between events, on the loop's thread.
  class Turn {
   public:
    /// Events and tasks have been handled. True where `on_tick` is wanted.
    virtual bool on_turn() noexcept = 0;
    /// About every `tick`, for as long as it is wanted.
    virtual void on_tick(Clock::time_point now) noexcept = 0;

   protected:
    ~Turn() = default;
  };

  /// Throws unavailable where the system has no more descriptors.
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  struct RunOptions {
    const char* name = "";  ///< of the thread; up to 15 bytes of it are seen
    std::chrono::milliseconds tick{100};
  };
  /// Runs on the calling thread until `stop`; tasks that were posted before it are run first.
  void run(Turn& turn, const RunOptions& options) noexcept;
  /// From any thread.
  void stop() noexcept;

  /// Run on the loop's thread in the order posted, not within this call. From any thread; allocates nothing.
  /// A task is posted again only once its `run` has begun.
  void post(LoopTask& task) noexcept;

  /// `watcher` is told until the descriptor is closed, or `unwatch`. On the loop's thread, or before it runs.
  /// Throws resource_exhausted.
  void watch(int descriptor, Watcher& watcher);
  void unwatch(int descriptor) noexcept;

  /// When the turn began. On the loop's thread.
  [[nodiscard]] Clock::time_point now() const noexcept { return now_; }
  [[nodiscard]] bool is_current() const noexcept;

 private:
  class Descriptors;

  void run_tasks() noexcept;
  void wake() noexcept;
  void handle_events(int timeout_ms) noexcept;

  std::unique_ptr<Descriptors> descriptors_;
  Clock::time_point now_ = Clock::now();
  // The tasks that were posted, the last first.
  std::atomic<LoopTask*> posted_{nullptr};
  // Whether the thread waits, or is about to: who posts then has to wake it. Set before `posted_` is looked
  // at for the last time, both sequentially consistent, so that either the thread sees the task or the poster
  // sees it waiting.
  std::atomic<bool> is_waiting_{false};
  std::atomic<bool> is_stopping_{false};
};

}  // namespace onda::server
