#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace onda::serving {

/// One thread that does what it is given, in order: for work that nobody waits for, and that must not be done
/// on the thread that found it. Safe from any thread.
class SerialThread {
 public:
  SerialThread() : thread_([this] { serve(); }) {}
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;
  /// Does what is left, then joins.
  ~SerialThread();

  /// `work` must not throw. Throws std::bad_alloc.
  void post(std::function<void()> work);

 private:
  void serve() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;  // guarded by mutex_
  bool is_ending_ = false;                  // guarded by mutex_
  std::thread thread_;
};

}  // namespace onda::serving
