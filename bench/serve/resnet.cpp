// ResNet-50: what the server adds to a run, and what it leaves of the machine's throughput.

#include <algorithm>
#include <memory>

#include "bench/harness/measure_pairs.h"
#include "bench/serve/bare_model.h"
#include "bench/serve/grpc_load.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return percentile(values, 0.5);
}

/// The median latency of a few requests.
double latency_ms(std::uint16_t port, const std::string& request, std::size_t count) {
  const LoadResult result = run_one_by_one(port, request, count);
  result.require_success();
  return median(result.latencies_ms());
}

void add_latency_rows(Bench& bench, OndaServer& onda) {
  const std::size_t count = bench.settings.quick ? 10 : 25;
  const std::string binary = resnet_request().http_binary();
  const std::string json = resnet_request().http_json();
  BareModel bare(bench.runtime, resnet_shape(), {.threads = 2});
  static_cast<void>(latency_ms(onda.http_port(), binary, 10));
  onda.program().wait_until_idle();

  std::vector<std::function<double()>> sides = {[&] {
                                                  const double ms = median(bare.run_times_ms(count));
                                                  wait_for_spinning_to_end();
                                                  return ms;
                                                },
                                                [&] { return latency_ms(onda.http_port(), binary, count); },
                                                [&] { return latency_ms(onda.http_port(), json, count); }};
  const GrpcLoad grpc(onda.grpc_port(), resnet_request().grpc());
  const bool has_grpc = grpc.why_missing().empty();
  if (has_grpc) {
    sides.push_back([&] { return grpc.run(1, static_cast<double>(count) * 0.045).p50_us / 1e3; });
  }
  const auto measured = bench.alternate(sides);
  const std::string reference = "bare C API, " + bare.configuration().text();
  const std::string how =
      "median of " + std::to_string(count) + " requests a round, one after the other on one connection";
  bench.report.add(ratio_row("ResNet-50, HTTP binary, 1 connection: latency", "ms", reference,
                             compare({.ours = measured[1], .reference = measured[0]}), ratio_at_most(1.03)),
                   how);
  bench.report.add(difference_row("ResNet-50, HTTP JSON, 1 connection: more than binary", "ms", "HTTP binary",
                                  compare({.ours = measured[2], .reference = measured[1]}), value_at_most(3)),
                   how + ", " + std::to_string(json.size()) + " bytes of JSON");
  const std::string grpc_row = "ResNet-50, gRPC raw, 1 connection: latency";
  if (has_grpc) {
    bench.report.add(ratio_row(grpc_row, "ms", reference,
                               compare({.ours = measured[3], .reference = measured[0]}), ratio_at_most(1.04)),
                     "one request at a time over one channel, about as many");
  } else {
    bench.report.add_missing(grpc_row, "ms", grpc.why_missing());
  }
}

void add_throughput_row(Bench& bench, OndaServer& onda) {
  const double seconds = bench.settings.seconds() * 1.5;
  std::vector<std::unique_ptr<BareModel>> all;
  for (const BareConfiguration& configuration :
       {BareConfiguration{.threads = 2, .callers = 1}, BareConfiguration{.threads = 1, .callers = 2},
        BareConfiguration{.threads = 2, .callers = 2, .spinning = false}}) {
    all.push_back(std::make_unique<BareModel>(bench.runtime, resnet_shape(), configuration));
  }
  const std::string request = resnet_request().http_binary();
  run_closed_loop(onda.http_port(), request, 4, 0.5).require_success();
  onda.program().wait_until_idle();

  std::vector<std::function<double()>> sides;
  for (const auto& bare : all) {
    sides.emplace_back([&] {
      const double rate = bare->run_for(seconds).items_per_second;
      wait_for_spinning_to_end();
      return rate;
    });
  }
  sides.emplace_back([&] {
    const LoadResult result = run_closed_loop(onda.http_port(), request, 4, seconds, 0.2);
    result.require_success();
    return result.per_second();
  });
  const auto measured = bench.alternate(sides);
  std::size_t best = 0;
  std::string how = std::to_string(seconds) + " s a round; in process, images/s:";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (median(measured[i]) > median(measured[best])) best = i;
    how += " " + all[i]->configuration().text() + " " + std::to_string(median(measured[i])) + ";";
  }
  bench.report.add(
      ratio_row("ResNet-50, HTTP binary, 4 connections: throughput", "images/s",
                "bare C API, " + all[best]->configuration().text(),
                compare({.ours = measured.back(), .reference = measured[best]}), ratio_at_least(0.97)),
      how);
}

}  // namespace

void measure_resnet(Bench& bench) {
  warm_server_cache(kResNetFile);
  ModelRepository models("resnet50");
  models.add("resnet50", kResNetFile);
  OndaServer onda(models.directory());
  add_latency_rows(bench, onda);
  add_throughput_row(bench, onda);
}

}  // namespace onda::bench
