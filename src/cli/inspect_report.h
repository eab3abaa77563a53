#pragma once

#include <optional>
#include <string>
#include <vector>

#include "onda/session.h"
#include "runtime/model_file.h"

namespace onda::cli {

/// Whether a device can run the model.
struct DeviceVerdict {
  std::string device;
  std::string refusal;  ///< empty where it can
};

/// What `onda inspect` has found out.
struct InspectReport {
  std::string model;
  runtime::ModelFile file;
  std::string runtime_version;
  std::vector<DeviceVerdict> devices;
  /// As ONNX Runtime sees them; empty where it refuses the model, then the file's declarations are shown.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  bool loads = false;
  std::optional<PreparedState> prepared;  ///< empty where the model does not load
};

[[nodiscard]] std::string inspect_text(const InspectReport& report);
[[nodiscard]] std::string inspect_json(const InspectReport& report);

}  // namespace onda::cli
