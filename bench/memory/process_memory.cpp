#include "bench/memory/process_memory.h"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

namespace onda::bench {

ProcessMemory process_memory() {
  std::ifstream status("/proc/self/status");
  if (!status) throw std::runtime_error("cannot read /proc/self/status");
  ProcessMemory memory;
  for (std::string line; std::getline(status, line);) {
    const auto bytes = [&] { return std::stoull(line.substr(line.find(':') + 1)) * 1024; };
    if (line.starts_with("RssAnon:")) memory.anonymous = bytes();
    if (line.starts_with("RssFile:") || line.starts_with("RssShmem:")) memory.file += bytes();
  }
  return memory;
}

PeakMemory::PeakMemory()
    : thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          look();
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }) {}

PeakMemory::~PeakMemory() = default;

void PeakMemory::look() {
  const auto now = process_memory();
  if (now.resident() <= anonymous_ + file_) return;
  anonymous_ = now.anonymous;
  file_ = now.file;
}

ProcessMemory PeakMemory::peak() {
  thread_.request_stop();
  thread_.join();
  return {.anonymous = anonymous_, .file = file_};
}

}  // namespace onda::bench
