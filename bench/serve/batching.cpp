// Dynamic batching of a model that gains from it.

#include <algorithm>
#include <memory>

#include "bench/serve/bare_model.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

constexpr std::size_t kInFlight = 64;

/// The configuration with the best rate, by one short look at each.
BareConfiguration best_configuration(const Bench& bench, std::string& how) {
  BareConfiguration best;
  double best_rate = 0;
  for (const std::int64_t batch : {8, 16, 32, 64}) {
    for (BareConfiguration configuration :
         {BareConfiguration{.threads = 2, .callers = 1}, BareConfiguration{.threads = 1, .callers = 2}}) {
      configuration.batch = batch;
      BareModel model(bench.runtime, batching_shape(), configuration);
      const double rate = model.run_for(bench.settings.quick ? 0.3 : 1.0).items_per_second;
      how += " " + configuration.text() + " " + std::to_string(static_cast<int>(rate)) + ";";
      if (rate > best_rate) {
        best_rate = rate;
        best = configuration;
      }
    }
  }
  return best;
}

}  // namespace

void measure_batching(Bench& bench) {
  warm_server_cache(kBatchingFile);
  ModelRepository models("batching");
  models.add("batching", kBatchingFile, "max_batch_size: 64\ndynamic_batching { }\n");
  OndaServer onda(models.directory());
  const std::string request = batching_request().http_binary();

  std::string how = "HTTP binary, config \"max_batch_size: 64 dynamic_batching { }\"; in process, items/s:";
  BareModel best(bench.runtime, batching_shape(), best_configuration(bench, how));
  BareModel single(bench.runtime, batching_shape(), {.threads = 2});
  run_closed_loop(onda.http_port(), request, kInFlight, 1).require_success();
  onda.program().wait_until_idle();

  const double seconds = bench.settings.seconds();
  const auto measured = bench.alternate({[&] {
                                           const LoadResult result = run_closed_loop(
                                               onda.http_port(), request, kInFlight, seconds, 0.2);
                                           result.require_success();
                                           return result.per_second();
                                         },
                                         [&] {
                                           const double rate = best.run_for(seconds).items_per_second;
                                           wait_for_spinning_to_end();
                                           return rate;
                                         },
                                         [&] {
                                           const double rate = single.run_for(seconds / 4).items_per_second;
                                           wait_for_spinning_to_end();
                                           return rate;
                                         }});
  bench.report.add(
      ratio_row("dynamic batching, 64 in flight", "items/s", "in process, " + best.configuration().text(),
                compare({.ours = measured[0], .reference = measured[1]}), ratio_at_least(0.9)),
      how);
  bench.report.add(ratio_row("the same model in process, " + best.configuration().text(), "items/s",
                             "in process, " + single.configuration().text(),
                             compare({.ours = measured[1], .reference = measured[2]}), ratio_at_least(3)),
                   "that it gains from batching");
}

}  // namespace onda::bench
