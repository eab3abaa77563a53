#include "bench/serve/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "bench/harness/report.h"

extern char** environ;

namespace onda::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::vector<char*> null_terminated(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  return pointers;
}

std::string end_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  constexpr std::size_t kShown = 1500;
  return text.size() <= kShown ? text : "..." + text.substr(text.size() - kShown);
}

/// The parent of a process, 0 where it has gone.
pid_t parent_of(pid_t process) {
  std::ifstream stream("/proc/" + std::to_string(process) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  // The name in brackets may hold anything.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream words(text.substr(name_end + 1));
  std::string state;
  pid_t parent = 0;
  words >> state >> parent;
  return parent;
}

/// The sum of a field of all these processes, in bytes.
double sum_of(const std::vector<pid_t>& processes, const std::string& file, const std::string& field) {
  double bytes = 0;
  for (const pid_t process : processes) {
    std::ifstream stream("/proc/" + std::to_string(process) + "/" + file);
    for (std::string line; std::getline(stream, line);) {
      if (line.starts_with(field + ":")) bytes += std::stod(line.substr(field.size() + 1)) * 1024;
    }
  }
  return bytes;
}

}  // namespace

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string file = directory + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  // Where Debian puts servers, which is not on everybody's path.
  const std::string file = "/usr/sbin/" + name;
  return access(file.c_str(), X_OK) == 0 ? file : std::string();
}

Program::Program(const std::string& name, const std::vector<std::string>& command,
                 const std::vector<std::string>& environment)
    : name_(name), log_(output_directory() / (name + ".log")) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for " + name);
  output_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);

  auto arguments = null_terminated(command);
  arguments.push_back(nullptr);
  auto variables = null_terminated(environment);
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);

  started_at_ = Clock::now();
  const int error =
      posix_spawn(&process_, command.front().c_str(), &actions, nullptr, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(output_);
    throw std::runtime_error("cannot start " + command.front() + ": " +
                             std::generic_category().message(error));
  }
}

Program::~Program() {
  stop();
  close(output_);
}

std::string Program::read_line(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    const auto end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) fail("said nothing in time");
    pollfd event{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&event, 1, static_cast<int>(left)) <= 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t got = read(output_, buffer.data(), buffer.size());
    if (got == 0) fail("has ended");
    if (got > 0) unread_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int Program::stop() {
  if (process_ < 0) return 0;
  const pid_t process = process_;
  process_ = -1;
  kill(process, SIGTERM);
  int status = 0;
  for (int waited_ms = 0; waitpid(process, &status, WNOHANG) == 0; waited_ms += 5) {
    if (waited_ms == 10'000) kill(process, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

double Program::cpu_seconds() const {
  double seconds = 0;
  for (const pid_t process : processes()) {
    clockid_t clock = 0;
    timespec time{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) continue;
    seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  return seconds;
}

double Program::resident_bytes() const { return sum_of(processes(), "status", "VmRSS"); }

double Program::proportional_bytes() const { return sum_of(processes(), "smaps_rollup", "Pss"); }

void Program::wait_until_idle() const {
  constexpr auto kWindow = std::chrono::milliseconds(250);
  for (int window = 0; window < 80; ++window) {
    const double before = cpu_seconds();
    std::this_thread::sleep_for(kWindow);
    if (cpu_seconds() - before < 0.005) return;
  }
  fail("is never idle");
}

std::vector<pid_t> Program::processes() const {
  std::vector<pid_t> all = {process_};
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string number = entry.path().filename().string();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t process = static_cast<pid_t>(std::stol(number));
    if (parent_of(process) == process_) all.push_back(process);
  }
  return all;
}

void Program::fail(const std::string& why) const {
  throw std::runtime_error(name_ + " " + why + "; its log: " + end_of(log_));
}

}  // namespace onda::bench
