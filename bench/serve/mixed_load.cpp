// A small model beside a large one that takes all there is.

#include <algorithm>
#include <exception>
#include <thread>

#include "bench/harness/ideal_queue.h"
#include "bench/harness/measure_pairs.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

constexpr double kTinyPerSecond = 500;

}  // namespace

void measure_mixed_load(Bench& bench) {
  warm_server_cache(kResNetFile);
  ModelRepository models("mixed");
  models.add("resnet50", kResNetFile);
  models.add("tiny", kTinyFile);
  OndaServer onda(models.directory());
  const std::string large = resnet_request().http_binary();
  const std::string small = tiny_request().http_json();
  run_closed_loop(onda.http_port(), large, 4, 0.5).require_success();
  run_closed_loop(onda.http_port(), small, 4, 0.2).require_success();
  onda.program().wait_until_idle();

  const double seconds = bench.settings.seconds() * 2;
  const auto saturate = [&] {
    const LoadResult result = run_closed_loop(onda.http_port(), large, 4, seconds, 0.3);
    result.require_success();
    return result.per_second();
  };
  std::vector<double> latencies;
  std::uint64_t seed = 0;
  const auto saturate_beside_tiny = [&] {
    LoadResult tiny;
    std::exception_ptr failure;
    double rate = 0;
    {
      const auto due = poisson_arrivals(kTinyPerSecond, seconds + 0.3, ++seed);
      const std::jthread thread([&] {
        try {
          tiny = run_open_loop(onda.http_port(), small, due, 64);
        } catch (...) {
          failure = std::current_exception();
        }
      });
      rate = saturate();
    }
    if (failure) std::rethrow_exception(failure);
    tiny.require_success();
    const auto of_round = tiny.latencies_ms();
    latencies.insert(latencies.end(), of_round.begin(), of_round.end());
    return rate;
  };
  const auto pairs = measure_pairs(bench.settings.rounds(), bench.random, saturate_beside_tiny, saturate);
  std::ranges::sort(latencies);
  bench.report.add({.name = "tiny at 500/s beside saturated ResNet-50: p99",
                    .value = percentile(latencies, 0.99),
                    .unit = "ms",
                    .ci_low = percentile(latencies, 0.985),
                    .ci_high = percentile(latencies, 0.995),
                    .samples = latencies.size(),
                    .goal = value_at_most(10)},
                   "tiny: HTTP JSON, Poisson arrivals, from the time it was due; p50 " +
                       std::to_string(percentile(latencies, 0.5)) +
                       " ms; ResNet-50: HTTP binary, 4 connections; the interval is from p98.5 to p99.5");
  bench.report.add(ratio_row("ResNet-50 saturated, beside tiny at 500/s", "images/s", "without tiny",
                             compare(pairs), ratio_at_least(0.95)),
                   std::to_string(seconds) + " s a round");
}

}  // namespace onda::bench
