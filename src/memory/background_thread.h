#pragma once

#include <cstdint>

namespace onda::memory {

/// A thread with a small stack that takes no signal of the process. Made without memory from C++'s heap.
class BackgroundThread {
 public:
  BackgroundThread() = default;
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;
  /// It was joined.
  ~BackgroundThread() = default;

  /// Has `body(context)` run on a thread of its own; false where the system has none to give. A thread that
  /// was started before is joined first: it has to have ended, or to be about to.
  bool start(void (*body)(void*) noexcept, void* context) noexcept;

  /// Waits for the end of the thread, if one was started. In a forked copy of the process, where the thread
  /// is not, there is nothing to wait for.
  void join() noexcept;

 private:
  static void* run(void* self) noexcept;

  void (*body_)(void*) noexcept = nullptr;
  void* context_ = nullptr;
  std::uintptr_t handle_ = 0;
  std::int64_t process_ = 0;  // the one that the thread is in; 0: no thread
};

}  // namespace onda::memory
