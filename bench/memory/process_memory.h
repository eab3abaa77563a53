#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

namespace onda::bench {

/// Of this process, in bytes: pages that no file backs, and those that one does.
struct ProcessMemory {
  std::size_t anonymous = 0;
  std::size_t file = 0;
  [[nodiscard]] std::size_t resident() const { return anonymous + file; }
};

[[nodiscard]] ProcessMemory process_memory();

/// The largest resident memory while it lives, looked at every millisecond.
class PeakMemory {
 public:
  PeakMemory();
  PeakMemory(const PeakMemory&) = delete;
  PeakMemory& operator=(const PeakMemory&) = delete;
  ~PeakMemory();
  [[nodiscard]] ProcessMemory peak();

 private:
  void look();
  std::atomic<std::size_t> anonymous_{0};
  std::atomic<std::size_t> file_{0};
  std::jthread thread_;
};

}  // namespace onda::bench
