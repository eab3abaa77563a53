#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>

#include "memory/background_thread.h"

namespace onda::memory {
namespace {

static_assert(sizeof(pthread_t) == sizeof(std::uintptr_t));

// What it runs is shallow, but for a clock that the user gives and a sanitizer's frames.
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

}  // namespace

bool BackgroundThread::start(void (*body)(void*) noexcept, void* context) noexcept {
  join();
  body_ = body;
  context_ = context;

  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The thread inherits the mask: there is no moment in which it could take a signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // But for the signals of a fault: blocked, they would end the process without a word.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = pthread_create(
      &thread, &attributes, [](void* self) { return run(self); }, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return false;

  pthread_setname_np(thread, "onda-decay");
  handle_ = static_cast<std::uintptr_t>(thread);
  process_ = getpid();
  return true;
}

void BackgroundThread::join() noexcept {
  if (process_ == getpid()) pthread_join(static_cast<pthread_t>(handle_), nullptr);
  process_ = 0;
}

void* BackgroundThread::run(void* self) noexcept {
  auto& thread = *static_cast<BackgroundThread*>(self);
  thread.body_(thread.context_);
  return nullptr;
}

}  // namespace onda::memory
