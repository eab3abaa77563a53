#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onda::base {

/// Where the kernel tells about this process. Tests give a directory that looks like one.
struct MachineRoot {
  std::filesystem::path proc = "/proc";
  std::filesystem::path cgroup = "/sys/fs/cgroup";
};

/// What this process may use, as it is now.
struct Machine {
  int host_cores = 1;                  ///< online
  int affinity_cores = 1;              ///< in the affinity mask
  std::optional<double> cgroup_cores;  ///< quota / period, cgroup v1 or v2, the tightest on the way up
  int usable_cores = 1;                ///< min(affinity, cgroup rounded up), at least 1
  std::uint64_t memory_bytes = 0;      ///< physical
  std::optional<std::uint64_t> cgroup_memory_bytes;
  std::uint64_t usable_memory_bytes = 0;             ///< the smaller of the two
  std::optional<std::uint64_t> address_space_bytes;  ///< RLIMIT_AS
  std::uint64_t open_files = 0;                      ///< RLIMIT_NOFILE
  std::string architecture;                          ///< "x86_64"
  std::string cpu_model;
  std::vector<std::string> cpu_features;  ///< the vector extensions, ascending: "avx2", "avx512f", …
  std::string kernel;                     ///< "Linux 6.1.0"
};

/// Never throws for what the system does not tell: the field keeps its default.
[[nodiscard]] Machine inspect_machine(const MachineRoot& root = {});

/// Only `usable_cores`, cheaper.
[[nodiscard]] int usable_cores(const MachineRoot& root = {});

}  // namespace onda::base
