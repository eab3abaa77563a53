#include "support/run_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

extern char** environ;

namespace onda::test {
namespace {

using Clock = std::chrono::steady_clock;

void check(int error, const std::string& what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() noexcept {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }
  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) check(errno, "pipe");
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
  Descriptor read_end{-1};
  Descriptor write_end{-1};
};

struct SpawnSettings {
  SpawnSettings() {
    check(posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
    check(posix_spawnattr_init(&attributes), "posix_spawnattr_init");
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(const ProcessOptions& options) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!options.environment.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : options.environment) {
    if (value) result.push_back(name + "=" + *value);
  }
  return result;
}

pid_t start(const std::vector<std::string>& argv, const ProcessOptions& options, const Pipe& in,
            const Pipe& out, const Pipe& err) {
  SpawnSettings settings;
  check(posix_spawn_file_actions_adddup2(&settings.actions, in.read_end.number(), 0), "stdin");
  check(posix_spawn_file_actions_adddup2(&settings.actions, out.write_end.number(), 1), "stdout");
  check(posix_spawn_file_actions_adddup2(&settings.actions, err.write_end.number(), 2), "stderr");
  if (!options.working_directory.empty()) {
    check(posix_spawn_file_actions_addchdir_np(&settings.actions, options.working_directory.c_str()),
          "chdir");
  }
  // A group of its own, so that what it started dies with it; SIGPIPE as a shell would give it.
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  check(posix_spawnattr_setsigdefault(&settings.attributes, &defaults), "signals");
  check(posix_spawnattr_setpgroup(&settings.attributes, 0), "process group");
  check(posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF),
        "flags");

  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = merged_environment(options);
  pid_t pid = -1;
  check(posix_spawnp(&pid, argv.at(0).c_str(), &settings.actions, &settings.attributes,
                     pointers(arguments).data(), pointers(variables).data()),
        "cannot start " + argv[0]);
  return pid;
}

/// Moves what there is to move; closes the pipe at its end.
void drain(Descriptor& from, std::string& to) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(from.number(), buffer.data(), buffer.size());
  if (count > 0) {
    to.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
    from.reset();
  }
}

void feed(Descriptor& to, const std::string& input, std::size_t& sent) {
  const ssize_t count = write(to.number(), input.data() + sent, input.size() - sent);
  if (count > 0) sent += static_cast<std::size_t>(count);
  // A program may end without reading all of it.
  if (sent == input.size() || (count < 0 && errno != EINTR && errno != EAGAIN)) to.reset();
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

/// Returns false when the deadline came first.
bool exchange(const ProcessOptions& options, Descriptor in, Descriptor out, Descriptor err,
              Clock::time_point deadline, ProcessResult& result) {
  std::size_t sent = 0;
  if (options.input.empty()) in.reset();
  if (in.is_open()) check(fcntl(in.number(), F_SETFL, O_NONBLOCK) < 0 ? errno : 0, "fcntl");
  while (out.is_open() || err.is_open()) {
    // poll skips negative descriptors.
    std::array<pollfd, 3> waits{pollfd{in.number(), POLLOUT, 0}, pollfd{out.number(), POLLIN, 0},
                                pollfd{err.number(), POLLIN, 0}};
    const int wait = milliseconds_until(deadline);
    if (wait == 0) return false;
    if (poll(waits.data(), waits.size(), wait) < 0 && errno != EINTR) check(errno, "poll");
    if (waits[0].revents != 0) feed(in, options.input, sent);
    if (waits[1].revents != 0) drain(out, result.out);
    if (waits[2].revents != 0) drain(err, result.err);
  }
  return true;
}

/// A program may close its outputs and go on: its end is waited for under the same deadline.
bool wait_until(pid_t pid, Clock::time_point deadline) {
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  check(process.is_open() ? 0 : errno, "pidfd_open");
  pollfd wait{process.number(), POLLIN, 0};
  while (const int left = milliseconds_until(deadline)) {
    if (poll(&wait, 1, left) > 0) return true;
  }
  return false;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  // Writing to a program that has ended is no reason for the test to end.
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe err;
  const Clock::time_point deadline = Clock::now() + options.time_limit;
  const pid_t pid = start(argv, options, in, out, err);
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();

  ProcessResult result;
  const bool done = exchange(options, std::move(in.write_end), std::move(out.read_end),
                             std::move(err.read_end), deadline, result) &&
                    wait_until(pid, deadline);
  if (!done) {
    result.timed_out = true;
    kill(-pid, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace onda::test
