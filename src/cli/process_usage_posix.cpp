#include <sys/resource.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "cli/process_usage.h"

namespace onda::cli {
namespace {

std::chrono::nanoseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

rusage usage() noexcept {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

}  // namespace

std::chrono::nanoseconds process_cpu_time() noexcept {
  const rusage now = usage();
  return duration_of(now.ru_utime) + duration_of(now.ru_stime);
}

std::uint64_t peak_memory_bytes() noexcept {
  try {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("VmHWM:")) continue;
      std::istringstream words(line.substr(6));
      std::uint64_t kilobytes = 0;
      if (words >> kilobytes) return kilobytes * 1024;
    }
  } catch (const std::exception&) {
  }
  return static_cast<std::uint64_t>(usage().ru_maxrss) * 1024;
}

// proc(5), clear_refs: writing 5 resets the peak to what is resident now.
void reset_peak_memory() noexcept {
  if (std::FILE* file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);
    std::fclose(file);
  }
}

}  // namespace onda::cli
