#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/device.h"
#include "onda/session_options.h"
#include "runtime/prepared_record.h"

namespace onda::runtime {

/// What decides which optimised graph comes out. Borrowed for the call.
struct PreparedKeyInputs {
  std::span<const IdentifiedFile> files;
  std::string_view runtime_version;  ///< ONNX Runtime's GetVersionString
  std::string_view runtime_build;    ///< and its GetBuildInfoString
  std::string_view architecture;
  std::span<const std::string> cpu_features;
  /// The device it runs on, after a fallback.
  Device device;
  /// As they are passed to the execution provider.
  std::map<std::string, std::string> provider_options;
  const SessionOptions& options;
};

struct PreparedKey {
  std::string name;      ///< SHA-256 of the material, hexadecimal: the entry's file name
  std::string material;  ///< canonical text, one line each; kept in the entry and compared
};

/// Pure. Left out is what changes how a graph runs and never which graph that is: threads, spinning, memory
/// strategy and pattern, logging, profiling, and the cache's own settings. An unknown config key counts.
[[nodiscard]] PreparedKey prepared_key(const PreparedKeyInputs& inputs);

/// Whether a config key of ONNX Runtime is known not to change the graph.
[[nodiscard]] bool is_runtime_only(std::string_view config_key) noexcept;

}  // namespace onda::runtime
