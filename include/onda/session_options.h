#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "onda/device.h"
#include "onda/log.h"
#include "onda/memory_strategy.h"

namespace onda {

enum class GraphOptimization { off, basic, extended, all };
enum class ExecutionMode { sequential, parallel };

/// Whether a session uses a prepared model: the optimised graph, saved once, its weights mapped read-only and
/// shared by all sessions and processes (see prepared_model.h).
enum class Preparation {
  off,   ///< neither look for an entry nor make one
  use,   ///< use one that is there
  make,  ///< make one where it is missing, then use it
};

/// How much of a prepared model is checked before it is used. Its header, sizes and graph always are.
enum class Verification {
  structure,   ///< nothing more: for programs that end soon
  background,  ///< the weights too, on a thread, after the first answer; damage reopens the model plain
  full,        ///< the weights too, before the first answer
};

/// How a model is opened and run. The defaults suit one caller at a time on all cores.
struct SessionOptions {
  Device device = {};
  /// Falls back to the CPU, with a warning, where the device cannot be used; false: `unavailable`.
  bool device_fallback = true;

  /// Threads within an operator, the caller included. 0: the cores this process may use (affinity mask,
  /// cgroup quota). With several callers, 1 gives the best throughput.
  int intra_op_threads = 0;
  /// Threads across operators, for `parallel` only. 0: 1.
  int inter_op_threads = 0;
  ExecutionMode execution_mode = ExecutionMode::sequential;
  GraphOptimization graph_optimization = GraphOptimization::all;
  /// Whether idle threads spin for work: lower latency for one caller, up to 30 % lower throughput with more
  /// runnable threads than cores. Empty: ONNX Runtime's default, spinning.
  std::optional<bool> spinning = {};
  /// Where activations and outputs get their memory. `recycling` becomes `arena`, with a warning, where the
  /// runtime could not register its allocator (RuntimeInfo::caveats says why).
  MemoryStrategy memory = MemoryStrategy::recycling;
  /// Plan one block for a run of a known input shape. Off saves memory where shapes vary. Empty: off with
  /// `recycling`, where one block for a whole run packs worse, on with the others.
  std::optional<bool> memory_pattern = {};
  /// Fixes dynamic dimensions, by their symbolic name. Positive values. An unknown name is invalid_argument.
  std::map<std::string, std::int64_t> free_dimensions = {};
  /// Any of ONNX Runtime's own keys ("session.…", "optimization.…", "ep.…"), applied last.
  std::map<std::string, std::string> config = {};
  /// Libraries of custom operators, loaded into the process for good: their code runs as ours. A model that
  /// needs one is not prepared.
  std::vector<std::filesystem::path> custom_op_libraries = {};
  /// Where ONNX Runtime writes its profile (a prefix; it adds a time and ".json"). Empty: no profile.
  std::filesystem::path profile = {};
  LogLevel log_level = LogLevel::warning;

  Preparation preparation = Preparation::off;
  Verification verification = Verification::background;
  /// Empty: ${ONDA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/onda}.
  std::filesystem::path cache_directory = {};
};

}  // namespace onda
