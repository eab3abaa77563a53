#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>

#include "base/cgroup.h"
#include "base/kernel_text.h"
#include "base/machine.h"
#include "base/parse_number.h"

namespace onda::base {
namespace {

/// The cores in the calling thread's affinity mask; 0 where the system does not tell.
int affinity_cores() {
  // The kernel refuses a mask that is shorter than its own, which no limit bounds but the hardware.
  constexpr std::size_t kMostCores = std::size_t{1} << 20U;
  for (std::size_t cores = 1024; cores <= kMostCores; cores *= 2) {
    std::vector<unsigned long> words(cores / (8 * sizeof(unsigned long)));
    const std::size_t size = words.size() * sizeof(unsigned long);
    auto* mask = reinterpret_cast<cpu_set_t*>(words.data());
    if (sched_getaffinity(0, size, mask) == 0) return CPU_COUNT_S(size, mask);
    if (errno != EINVAL) return 0;
  }
  return 0;
}

int host_cores() { return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN))); }

int bounded_cores(int affinity, const std::optional<double>& quota) {
  if (!quota) return std::max(1, affinity);
  return std::max(1, static_cast<int>(std::min(std::ceil(*quota), static_cast<double>(affinity))));
}

/// The value behind "name :" in files such as cpuinfo and meminfo: of the first line that has it.
std::string_view value_of(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == name) {
      return trimmed(line.substr(colon + 1));
    }
  }
  return {};
}

std::uint64_t physical_memory(const MachineRoot& root) {
  const std::string text = kernel_text(root.proc / "meminfo");
  const auto words = split(value_of(text, "MemTotal"), ' ');
  const auto kilobytes = words.empty() ? std::nullopt : parse_number<std::uint64_t>(words[0]);
  if (kilobytes) return *kilobytes * 1024;
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) : 0;
}

/// Those that decide which code a numeric library takes: vectors, matrices, and cryptography for the
/// transports.
bool is_relevant(std::string_view feature) {
  constexpr std::array prefixes{std::string_view("sse"), std::string_view("avx"),   std::string_view("amx"),
                                std::string_view("bmi"), std::string_view("asimd"), std::string_view("sve"),
                                std::string_view("sme"), std::string_view("sha")};
  constexpr std::array names{
      std::string_view("aes"),  std::string_view("bf16"),      std::string_view("crc32"),
      std::string_view("f16c"), std::string_view("fma"),       std::string_view("fma4"),
      std::string_view("fphp"), std::string_view("gfni"),      std::string_view("i8mm"),
      std::string_view("neon"), std::string_view("pclmulqdq"), std::string_view("pmull"),
      std::string_view("pni"),  std::string_view("popcnt"),    std::string_view("ssse3"),
      std::string_view("vaes"), std::string_view("vpclmulqdq")};
  return std::find(names.begin(), names.end(), feature) != names.end() ||
         std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return feature.starts_with(prefix); });
}

std::vector<std::string> relevant_features(std::string_view cpuinfo) {
  std::string_view listed = value_of(cpuinfo, "flags");
  if (listed.empty()) listed = value_of(cpuinfo, "Features");  // ARM
  std::vector<std::string> features;
  for (const std::string_view feature : split(listed, ' ')) {
    if (is_relevant(feature)) features.emplace_back(feature);
  }
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  return features;
}

void add_limits(Machine& machine) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    machine.address_space_bytes = limit.rlim_cur;
  }
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) machine.open_files = limit.rlim_cur;
}

}  // namespace

Machine inspect_machine(const MachineRoot& root) {
  Machine machine;
  machine.host_cores = host_cores();
  const int affinity = affinity_cores();
  machine.affinity_cores = affinity > 0 ? affinity : machine.host_cores;
  const CgroupLimits limits = cgroup_limits(root);
  machine.cgroup_cores = limits.cores;
  machine.usable_cores = bounded_cores(machine.affinity_cores, limits.cores);

  machine.memory_bytes = physical_memory(root);
  machine.cgroup_memory_bytes = limits.memory_bytes;
  machine.usable_memory_bytes =
      limits.memory_bytes ? std::min(machine.memory_bytes, *limits.memory_bytes) : machine.memory_bytes;
  add_limits(machine);

  const std::string cpuinfo = kernel_text(root.proc / "cpuinfo");
  machine.cpu_model = value_of(cpuinfo, "model name");
  machine.cpu_features = relevant_features(cpuinfo);
  utsname system{};
  if (uname(&system) == 0) {
    machine.architecture = system.machine;
    machine.kernel = std::string(system.sysname) + " " + system.release;
  }
  return machine;
}

int usable_cores(const MachineRoot& root) {
  const int affinity = affinity_cores();
  return bounded_cores(affinity > 0 ? affinity : host_cores(), cgroup_limits(root).cores);
}

}  // namespace onda::base
