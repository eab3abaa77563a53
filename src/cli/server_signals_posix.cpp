#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "cli/exit_code.h"
#include "cli/server_signals.h"

namespace onda::cli {
namespace {

/// Those that are waited for; SIGURG, which nothing here uses, wakes the thread for its end.
sigset_t awaited() noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGURG}) sigaddset(&set, number);
  return set;
}

std::atomic<bool> is_over = false;

}  // namespace

ServerSignals::ServerSignals(Calls calls) : calls_(std::move(calls)) {
  is_over = false;
  const sigset_t set = awaited();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { serve(); });
}

ServerSignals::~ServerSignals() {
  is_over = true;
  pthread_kill(thread_.native_handle(), SIGURG);
  thread_.join();
  const sigset_t set = awaited();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void ServerSignals::serve() noexcept {
  const sigset_t set = awaited();
  bool was_asked_to_end = false;
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (is_over) return;
    if (number == SIGHUP) {
      calls_.rescan();
    } else if (number == SIGINT || number == SIGTERM) {
      if (was_asked_to_end) _exit(static_cast<int>(ExitCode::interrupted));
      was_asked_to_end = true;
      calls_.end();
    }
  }
}

}  // namespace onda::cli
