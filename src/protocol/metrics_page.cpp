#include "protocol/metrics_page.h"

#include <vector>

#include "serving/inflight_bytes.h"
#include "serving/model_manager.h"
#include "telemetry/exposition.h"
#include "telemetry/inference_metrics.h"
#include "telemetry/process_metrics.h"

namespace onda::protocol {

std::string metrics_page(const serving::Services& services) {
  std::vector<telemetry::VersionStatistics> versions;
  for (const auto& version : services.models.all_versions()) {
    versions.push_back({.model = version->model(),
                        .version = version->number_text(),
                        .statistics = version->statistics().snapshot()});
  }
  telemetry::Exposition exposition;
  telemetry::write_inference_metrics(exposition, versions);
  exposition
      .family("onda_inflight_bytes", telemetry::MetricType::gauge,
              "Bytes of the requests that are being read or answered")
      .sample("onda_inflight_bytes", {}, services.inflight.taken());
  exposition
      .family("onda_inflight_bytes_limit", telemetry::MetricType::gauge,
              "How many bytes requests in flight may take together")
      .sample("onda_inflight_bytes_limit", {}, services.inflight.limit());
  telemetry::write_process_metrics(exposition);
  return exposition.text();
}

}  // namespace onda::protocol
