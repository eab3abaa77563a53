#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/memory_flags.h"
#include "onda/log.h"
#include "onda/runtime.h"

namespace onda::cli {

/// The flags of every command that say which ONNX Runtime to open and what to log.
struct RuntimeFlags {
  std::string library;
  LogLevel log_level = LogLevel::warning;

  /// The flags write into this object, which must not move until they are parsed.
  void add_to(CommandLine& line);
  [[nodiscard]] RuntimeOptions options() const;
  /// `Runtime::initialize` with these options; caveats of the runtime become notes.
  [[nodiscard]] Runtime initialize(const MemoryFlags& memory = {}) const;
};

}  // namespace onda::cli
