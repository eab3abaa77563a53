#include "support/threads_of_process.h"

#include <filesystem>
#include <fstream>

namespace onda::test {

std::vector<ThreadOfProcess> threads_named(std::string_view name) {
  std::vector<ThreadOfProcess> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    // A thread that ends meanwhile leaves files that cannot be read: it has no name then.
    std::ifstream status(task.path() / "status");
    ThreadOfProcess thread;
    bool is_dead = false;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:\t")) thread.name = line.substr(6);
      if (line.starts_with("State:\t")) is_dead = line[7] == 'X' || line[7] == 'Z';
      if (line.starts_with("SigBlk:\t")) thread.blocked_signals = std::stoull(line.substr(8), nullptr, 16);
    }
    if (thread.name == name && !is_dead) found.push_back(std::move(thread));
  }
  return found;
}

}  // namespace onda::test
