#pragma once

#include <cstdint>

#include "cli/command_line.h"
#include "onda/memory_strategy.h"
#include "onda/runtime.h"
#include "onda/session_options.h"

namespace onda::cli {

/// The flags that say where tensors get their memory, and how much.
struct MemoryFlags {
  MemoryStrategy strategy = MemoryStrategy::recycling;
  std::uint64_t budget_bytes = 0;  ///< 0: none

  /// The flags write into this object, which must not move until they are parsed.
  void add_to(CommandLine& line);
  void apply_to(SessionOptions& options) const;
  void apply_to(RuntimeOptions& options) const;
};

}  // namespace onda::cli
