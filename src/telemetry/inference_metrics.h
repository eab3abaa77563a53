#pragma once

#include <span>
#include <string>

#include "telemetry/exposition.h"
#include "telemetry/inference_statistics.h"

namespace onda::telemetry {

/// What is known of one loaded model version.
struct VersionStatistics {
  std::string model;
  std::string version;
  InferenceSnapshot statistics;
};

/// The families `nv_inference_*`, by the names and labels that dashboards expect. Durations are whole
/// microseconds. No two of `versions` share both model and version.
void write_inference_metrics(Exposition& exposition, std::span<const VersionStatistics> versions);

}  // namespace onda::telemetry
