#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/memory_flags.h"
#include "cli/preprocess_flags.h"
#include "cli/runtime_flags.h"
#include "cli/session_flags.h"

namespace onda::cli {

/// What `onda bench` was asked to do.
struct BenchRequest {
  std::string model;
  std::vector<std::int64_t> batches = {1};
  std::vector<std::int64_t> threads;  ///< empty: the cores this process may use
  std::vector<std::int64_t> concurrencies = {1};
  std::chrono::nanoseconds duration = std::chrono::seconds(2);
  std::optional<std::int64_t> iterations;
  std::chrono::nanoseconds warm_up = std::chrono::milliseconds(300);

  std::vector<std::string> inputs;                 ///< [NAME=]FILE
  std::map<std::string, std::int64_t> dimensions;  ///< sizes of dynamic dimensions by name
  std::uint64_t seed = 0;
  PreprocessFlags preprocess;

  bool as_json = false;
  bool as_csv = false;
  std::string plot;

  SessionFlags session;
  MemoryFlags memory;
  RuntimeFlags runtime;

  /// Throws UsageError. `help` is what --help prints; then nothing else was read.
  CommandLine::Parsed parse(std::span<const std::string> arguments, std::string& help,
                            const EnvironmentLookup& environment = process_environment());
};

}  // namespace onda::cli
