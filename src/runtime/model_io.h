#pragma once

#include <onnxruntime_c_api.h>

#include <vector>

#include "onda/session.h"
#include "runtime/environment.h"

namespace onda::runtime {

/// What a session says of its model. Throws what the calls fail with.
struct ModelIo {
  /// Required ones first, in the model's order, then those with a default.
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};
[[nodiscard]] ModelIo read_model_io(const Environment& environment, const OrtSession& session);

/// Producer, domain, description, graph name, version, custom entries; IR version and opsets are not told.
[[nodiscard]] ModelMetadata read_model_metadata(const Environment& environment, const OrtSession& session);

}  // namespace onda::runtime
