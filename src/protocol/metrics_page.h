#pragma once

#include <string>

#include "serving/services.h"

namespace onda::protocol {

/// The page that Prometheus reads (`telemetry::kExpositionContentType`): inference by model and version for
/// all that are ready, the bytes of requests in flight, the process.
[[nodiscard]] std::string metrics_page(const serving::Services& services);

}  // namespace onda::protocol
