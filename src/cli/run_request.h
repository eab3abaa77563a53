#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/memory_flags.h"
#include "cli/output_plan.h"
#include "cli/preprocess_flags.h"
#include "cli/runtime_flags.h"
#include "cli/session_flags.h"
#include "onda/shape.h"

namespace onda::cli {

enum class SoftmaxMode { automatic, on, off };

/// What `onda run` was asked to do.
struct RunRequest {
  std::string model;
  std::vector<std::string> inputs;  ///< [NAME=]FILE
  std::vector<std::string> shapes;  ///< [NAME=]1,3,224,224
  std::vector<std::string> dtypes;  ///< [NAME=]float32
  ShapePolicy policy = ShapePolicy::reshape;
  PreprocessFlags preprocess;

  OutputRequest output;
  std::string labels;
  std::optional<std::size_t> top;
  SoftmaxMode softmax = SoftmaxMode::automatic;
  bool as_json = false;

  SessionFlags session;
  MemoryFlags memory;
  std::int64_t repeat = 1;
  std::optional<std::chrono::nanoseconds> timeout;
  RuntimeFlags runtime;

  /// Whether classes are ranked; otherwise the tensors are shown.
  [[nodiscard]] bool ranks() const noexcept { return top.has_value() || !labels.empty(); }

  /// Throws UsageError. `help` is what --help prints; then nothing else was read.
  CommandLine::Parsed parse(std::span<const std::string> arguments, std::string& help,
                            const EnvironmentLookup& environment = process_environment());

 private:
  void add_input_flags(CommandLine& line);
  void add_output_flags(CommandLine& line);
};

}  // namespace onda::cli
