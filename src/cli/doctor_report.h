#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/machine.h"
#include "cli/gpu_report.h"
#include "onda/runtime.h"

namespace onda::cli {

/// Everything that `onda doctor` has found out, so that its two forms say the same.
struct DoctorReport {
  std::string onda_version;
  std::string commit;
  base::Machine machine;

  std::optional<RuntimeInfo> runtime;
  std::string runtime_error;             ///< where there is none: why, and how to get it
  std::vector<std::string> search_path;  ///< where ONNX Runtime is looked for

  GpuReport gpu;
  std::string cuda_library;  ///< the file that "libcuda.so.1" is; empty where the loader finds none

  std::string cache_directory;  ///< empty where the environment names none
  std::string cache_state;      ///< "empty", "2 prepared models" or what is wrong
  std::uint64_t cache_bytes = 0;
  std::uint64_t cache_entries = 0;
  bool cache_is_usable = false;
};

[[nodiscard]] std::string doctor_text(const DoctorReport& report);
[[nodiscard]] std::string doctor_json(const DoctorReport& report);

}  // namespace onda::cli
