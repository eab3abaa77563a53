#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "cli/exit_code.h"
#include "cli/interruption.h"

namespace onda::cli {
namespace {

// A handler reaches only what is static. `sem_post` is one of the few calls that it may make, which is why a
// thread waits: `request_stop` runs callbacks and takes locks.
sem_t wake_up;
std::atomic<bool> requested = false;
std::atomic<bool> is_over = false;
struct sigaction previous_interrupt;
struct sigaction previous_terminate;

extern "C" void onda_cli_handle_signal(int) {
  if (requested.exchange(true)) _exit(static_cast<int>(ExitCode::interrupted));
  sem_post(&wake_up);
}

}  // namespace

Interruption::Interruption() {
  is_over = false;
  sem_init(&wake_up, 0, 0);
  watcher_ = std::thread([this]() noexcept {
    while (sem_wait(&wake_up) != 0) {
    }
    if (!is_over) source_.request_stop();
  });
  struct sigaction action = {};
  action.sa_handler = onda_cli_handle_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // A read that waits for a terminal or a pipe ends.
  sigaction(SIGINT, &action, &previous_interrupt);
  sigaction(SIGTERM, &action, &previous_terminate);
}

Interruption::~Interruption() {
  sigaction(SIGINT, &previous_interrupt, nullptr);
  sigaction(SIGTERM, &previous_terminate, nullptr);
  is_over = true;
  sem_post(&wake_up);
  watcher_.join();
  sem_destroy(&wake_up);
}

bool Interruption::was_requested() noexcept { return requested; }

}  // namespace onda::cli
