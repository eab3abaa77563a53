#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace onda::cli {

/// What can be seen of NVIDIA's driver without using it.
struct GpuReport {
  std::string driver;              ///< the kernel module's version, "550.54.15"; empty where it is not loaded
  std::vector<std::string> names;  ///< of each GPU that the driver lists
};

/// Reads PROC/driver/nvidia. Never throws for what is not there.
[[nodiscard]] GpuReport inspect_gpus(const std::filesystem::path& proc = "/proc");

}  // namespace onda::cli
