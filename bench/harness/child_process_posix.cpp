#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include "bench/harness/child_process.h"

extern char** environ;

namespace onda::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close_now(); }
  void close_now() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::vector<char*> null_terminated(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  return pointers;
}

/// Reads to the end; returns when the first bytes came.
double read_all(int descriptor, Clock::time_point start, std::string& output) {
  std::array<char, 65536> buffer;
  double first_ms = 0;
  for (;;) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return first_ms;
    if (output.empty()) first_ms = milliseconds_since(start);
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

ChildRun run_child(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  SpawnActions actions;
  posix_spawn_file_actions_adddup2(actions.get(), write_end.number(), STDOUT_FILENO);

  auto arguments = null_terminated(command);
  arguments.push_back(nullptr);
  auto variables = null_terminated(environment);
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);

  ChildRun run;
  pid_t child = 0;
  const auto start = Clock::now();
  const int error = posix_spawn(&child, command.front().c_str(), actions.get(), nullptr, arguments.data(),
                                variables.data());
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start " + command.front());
  write_end.close_now();
  run.first_output_ms = read_all(read_end.number(), start, run.output);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  run.exit_ms = milliseconds_since(start);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(command.front() +
                             (WIFEXITED(status) ? " failed with exit code " : " was ended by signal ") +
                             std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
  }
  if (run.output.empty()) throw std::runtime_error(command.front() + " printed nothing");
  return run;
}

}  // namespace onda::bench
