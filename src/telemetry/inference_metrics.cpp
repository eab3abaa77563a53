#include "telemetry/inference_metrics.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace onda::telemetry {
namespace {

/// As the label `reason` spells them, by FailureReason.
constexpr std::array<std::string_view, kFailureReasons> kReasons = {"REJECTED", "CANCELED", "BACKEND",
                                                                    "OTHER"};

struct Family {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::uint64_t (*value)(const InferenceSnapshot&);
};

constexpr std::uint64_t kNsPerUs = 1000;

constexpr Family kSuccess = {"nv_inference_request_success", MetricType::counter,
                             "Requests answered, of any batch size",
                             [](const InferenceSnapshot& s) { return s.success.count; }};

constexpr std::array kFamilies = {
    Family{"nv_inference_count", MetricType::counter, "Items of batches inferred by requests answered",
           [](const InferenceSnapshot& s) { return s.inference_count; }},
    Family{"nv_inference_exec_count", MetricType::counter, "Executions of the model",
           [](const InferenceSnapshot& s) { return s.execution_count; }},
    Family{"nv_inference_request_duration_us", MetricType::counter,
           "Time from arrival to answer of requests answered, in microseconds",
           [](const InferenceSnapshot& s) { return s.success.ns / kNsPerUs; }},
    Family{"nv_inference_queue_duration_us", MetricType::counter,
           "Time that requests answered waited for their execution, in microseconds",
           [](const InferenceSnapshot& s) { return s.queue.ns / kNsPerUs; }},
    Family{"nv_inference_compute_input_duration_us", MetricType::counter,
           "Time to prepare the inputs of requests answered, in microseconds",
           [](const InferenceSnapshot& s) { return s.compute_input.ns / kNsPerUs; }},
    Family{"nv_inference_compute_infer_duration_us", MetricType::counter,
           "Time that the model ran for requests answered, in microseconds",
           [](const InferenceSnapshot& s) { return s.compute_infer.ns / kNsPerUs; }},
    Family{"nv_inference_compute_output_duration_us", MetricType::counter,
           "Time to extract the outputs of requests answered, in microseconds",
           [](const InferenceSnapshot& s) { return s.compute_output.ns / kNsPerUs; }},
    Family{"nv_inference_pending_request_count", MetricType::gauge, "Requests that wait for their execution",
           [](const InferenceSnapshot& s) { return s.pending; }},
};

void write_family(Exposition& exposition, const Family& family, std::span<const VersionStatistics> versions) {
  exposition.family(family.name, family.type, family.help);
  for (const VersionStatistics& one : versions) {
    exposition.sample(family.name, {{"model", one.model}, {"version", one.version}},
                      family.value(one.statistics));
  }
}

void write_failures(Exposition& exposition, std::span<const VersionStatistics> versions) {
  constexpr std::string_view kName = "nv_inference_request_failure";
  exposition.family(kName, MetricType::counter, "Requests that failed, by reason");
  for (const VersionStatistics& one : versions) {
    for (std::size_t i = 0; i < kFailureReasons; ++i) {
      exposition.sample(kName, {{"model", one.model}, {"reason", kReasons[i]}, {"version", one.version}},
                        one.statistics.failures[i]);
    }
  }
}

}  // namespace

void write_inference_metrics(Exposition& exposition, std::span<const VersionStatistics> versions) {
  write_family(exposition, kSuccess, versions);
  write_failures(exposition, versions);
  for (const Family& family : kFamilies) write_family(exposition, family, versions);
}

}  // namespace onda::telemetry
