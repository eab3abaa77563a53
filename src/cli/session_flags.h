#pragma once

#include "cli/command_line.h"
#include "onda/session_options.h"

namespace onda::cli {

/// The flags that say how a model is opened.
struct SessionFlags {
  SessionOptions options;

  SessionFlags();
  /// The flags write into this object, which must not move until they are parsed. `with_threads` is false
  /// where the command has a flag of that name of its own.
  void add_to(CommandLine& line, bool with_threads = true);
};

/// "NAME=VALUE" in two. Throws UsageError without a name.
[[nodiscard]] std::pair<std::string, std::string> split_assignment(const std::string& text);

}  // namespace onda::cli
