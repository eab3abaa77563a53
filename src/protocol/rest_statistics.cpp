#include "protocol/json_builder.h"
#include "protocol/rest_answers.h"
#include "protocol/statistics_query.h"
#include "telemetry/inference_statistics.h"

namespace onda::protocol {
namespace {

using telemetry::DurationCount;

void write_duration(JsonBuilder& json, std::string_view key, const DurationCount& duration) {
  json.key(key).begin_object().member("count", duration.count).member("ns", duration.ns).end_object();
}

/// All members always: clients read them without asking.
void write_version(JsonBuilder& json, const serving::ModelVersion& version) {
  const telemetry::InferenceSnapshot snapshot = version.statistics().snapshot();
  json.begin_object()
      .member("name", version.model())
      .member("version", version.number_text())
      .member("last_inference", snapshot.last_inference_ms)
      .member("inference_count", snapshot.inference_count)
      .member("execution_count", snapshot.execution_count);
  json.key("inference_stats").begin_object();
  write_duration(json, "success", snapshot.success);
  write_duration(json, "fail", snapshot.fail);
  write_duration(json, "queue", snapshot.queue);
  write_duration(json, "compute_input", snapshot.compute_input);
  write_duration(json, "compute_infer", snapshot.compute_infer);
  write_duration(json, "compute_output", snapshot.compute_output);
  write_duration(json, "cache_hit", {});
  write_duration(json, "cache_miss", {});
  json.end_object();
  json.key("response_stats").begin_object().end_object();
  json.key("batch_stats").begin_array();
  for (const telemetry::BatchStatistics& batch : snapshot.batches) {
    json.begin_object().member("batch_size", batch.batch_size);
    write_duration(json, "compute_input", batch.compute_input);
    write_duration(json, "compute_infer", batch.compute_infer);
    write_duration(json, "compute_output", batch.compute_output);
    json.end_object();
  }
  json.end_array();
  json.key("memory_usage").begin_array().end_array();
  json.end_object();
}

RestResponse statistics_of(const serving::Services& services, std::string_view model,
                           std::string_view version) {
  JsonBuilder json;
  json.begin_object().key("model_stats").begin_array();
  for (const auto& found : versions_for_statistics(services.models, model, version))
    write_version(json, *found);
  json.end_array().end_object();
  return {.body = json.finish()};
}

}  // namespace

RestResponse answer_statistics(const serving::Services& services) { return statistics_of(services, "", ""); }

RestResponse answer_model_statistics(const serving::Services& services, const RestRequest& request) {
  return statistics_of(services, request.route.model.text(), request.route.version.text());
}

}  // namespace onda::protocol
