#include "telemetry/inference_metrics.h"

#include <gtest/gtest.h>

#include <vector>

namespace onda::telemetry {
namespace {

std::vector<std::string> samples_of(const std::string& text) {
  std::vector<std::string> samples;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (text[at] != '#') samples.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return samples;
}

TEST(InferenceMetrics, WritesEachFigureByTheNameThatDashboardsExpect) {
  InferenceSnapshot statistics;
  statistics.success = {2, 9'999};
  statistics.queue = {2, 1'000};
  statistics.compute_input = {2, 2'000};
  statistics.compute_infer = {2, 3'000};
  statistics.compute_output = {2, 4'000};
  statistics.failures = {1, 2, 3, 4};
  statistics.fail = {10, 1};
  statistics.inference_count = 16;
  statistics.execution_count = 5;
  statistics.pending = 7;
  const VersionStatistics version = {.model = "m", .version = "3", .statistics = statistics};
  Exposition exposition;
  write_inference_metrics(exposition, std::span(&version, 1));
  const std::vector<std::string> expected = {
      R"(nv_inference_request_success{model="m",version="3"} 2)",
      R"(nv_inference_request_failure{model="m",reason="REJECTED",version="3"} 1)",
      R"(nv_inference_request_failure{model="m",reason="CANCELED",version="3"} 2)",
      R"(nv_inference_request_failure{model="m",reason="BACKEND",version="3"} 3)",
      R"(nv_inference_request_failure{model="m",reason="OTHER",version="3"} 4)",
      R"(nv_inference_count{model="m",version="3"} 16)",
      R"(nv_inference_exec_count{model="m",version="3"} 5)",
      R"(nv_inference_request_duration_us{model="m",version="3"} 9)",
      R"(nv_inference_queue_duration_us{model="m",version="3"} 1)",
      R"(nv_inference_compute_input_duration_us{model="m",version="3"} 2)",
      R"(nv_inference_compute_infer_duration_us{model="m",version="3"} 3)",
      R"(nv_inference_compute_output_duration_us{model="m",version="3"} 4)",
      R"(nv_inference_pending_request_count{model="m",version="3"} 7)",
  };
  EXPECT_EQ(samples_of(exposition.text()), expected);
}

TEST(InferenceMetrics, AllVersionsOfAFamilyStandTogether) {
  const std::vector<VersionStatistics> versions = {{.model = "a", .version = "1", .statistics = {}},
                                                   {.model = "b", .version = "1", .statistics = {}}};
  Exposition exposition;
  write_inference_metrics(exposition, versions);
  EXPECT_NE(exposition.text().find("# TYPE nv_inference_count counter\n"
                                   "nv_inference_count{model=\"a\",version=\"1\"} 0\n"
                                   "nv_inference_count{model=\"b\",version=\"1\"} 0\n"),
            std::string::npos)
      << exposition.text();
  EXPECT_NE(exposition.text().find("# TYPE nv_inference_pending_request_count gauge\n"), std::string::npos);
}

}  // namespace
}  // namespace onda::telemetry
