#include "protocol/grpc_answers.h"
#include "protocol/statistics_query.h"
#include "serving/model_version.h"
#include "telemetry/inference_statistics.h"

namespace onda::protocol {
namespace {

void write_duration(const telemetry::DurationCount& duration, inference::StatisticDuration& to) {
  to.set_count(duration.count);
  to.set_ns(duration.ns);
}

/// All messages always: clients read them without asking.
void write_version(const serving::ModelVersion& version, inference::ModelStatistics& to) {
  const telemetry::InferenceSnapshot snapshot = version.statistics().snapshot();
  to.set_name(version.model());
  to.set_version(version.number_text());
  to.set_last_inference(snapshot.last_inference_ms);
  to.set_inference_count(snapshot.inference_count);
  to.set_execution_count(snapshot.execution_count);
  auto& all = *to.mutable_inference_stats();
  write_duration(snapshot.success, *all.mutable_success());
  write_duration(snapshot.fail, *all.mutable_fail());
  write_duration(snapshot.queue, *all.mutable_queue());
  write_duration(snapshot.compute_input, *all.mutable_compute_input());
  write_duration(snapshot.compute_infer, *all.mutable_compute_infer());
  write_duration(snapshot.compute_output, *all.mutable_compute_output());
  write_duration({}, *all.mutable_cache_hit());
  write_duration({}, *all.mutable_cache_miss());
  for (const telemetry::BatchStatistics& batch : snapshot.batches) {
    auto& one = *to.add_batch_stats();
    one.set_batch_size(batch.batch_size);
    write_duration(batch.compute_input, *one.mutable_compute_input());
    write_duration(batch.compute_infer, *one.mutable_compute_infer());
    write_duration(batch.compute_output, *one.mutable_compute_output());
  }
}

}  // namespace

void answer(const GrpcAsked& asked, inference::ModelStatisticsRequest& request,
            inference::ModelStatisticsResponse& to) {
  const auto& models = asked.services.models;
  for (const auto& version : versions_for_statistics(models, request.name(), request.version())) {
    write_version(*version, *to.add_model_stats());
  }
}

}  // namespace onda::protocol
