#include "support/in_child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>

namespace onda::test {
namespace {

constexpr int kThrown = 255;

}  // namespace

int in_child(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot fork");
  if (pid == 0) {
    int result = kThrown;
    try {
      std::signal(SIGXFSZ, SIG_IGN);
      result = body();
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "in a child: %s\n", thrown.what());
    }
    std::fflush(nullptr);
    _exit(result);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) != kThrown ? WEXITSTATUS(status) : -1;
}

}  // namespace onda::test
