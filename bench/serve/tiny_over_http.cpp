// The tiny model over HTTP and JSON, beside nginx that looks at nothing and answers the same 200 bytes.

#include <string>

#include "bench/harness/measure_pairs.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/nginx_server.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"
#include "bench/serve/wrk.h"

namespace onda::bench {
namespace {

struct Side {
  Program& program;
  std::uint16_t port;
  std::vector<double> cpu_us = {};  ///< a request, round by round
};

double measure(Side& side, const Wrk& wrk, std::size_t connections, double seconds) {
  const double before = side.program.cpu_seconds();
  const WrkResult result = wrk.run(side.port, connections, seconds);
  side.cpu_us.push_back((side.program.cpu_seconds() - before) * 1e6 / result.requests);
  return result.requests_per_second;
}

std::string connections_text(std::size_t connections) {
  return std::to_string(connections) + (connections == 1 ? " connection" : " connections");
}

}  // namespace

void measure_tiny_over_http(Bench& bench) {
  ModelRepository models("tiny");
  models.add("tiny", kTinyFile);
  OndaServer onda(models.directory());
  NginxServer nginx;
  const InferenceRequest request = tiny_request();
  static_cast<void>(fetch_once(onda.http_port(), request.http_json()));
  const Wrk wrk("tiny", request.path(), request.json_body());
  const double seconds = bench.settings.quick ? 1 : 2;

  struct Load {
    std::size_t connections;
    double goal;
  };
  for (const Load load : {Load{8, 0.75}, Load{1, 0.95}, Load{64, 0.60}}) {
    Side ours{onda.program(), onda.http_port()};
    Side reference{nginx.program(), nginx.port()};
    static_cast<void>(wrk.run(ours.port, load.connections, 1));
    const auto rates = measure_pairs(
        bench.settings.rounds(), bench.random, [&] { return measure(ours, wrk, load.connections, seconds); },
        [&] { return measure(reference, wrk, load.connections, seconds); });
    const std::string text = connections_text(load.connections);
    const std::string how = Wrk::description(load.connections) + ", " +
                            std::to_string(request.json_body().size()) +
                            " bytes of JSON; nginx: 2 workers, return 200 with 200 bytes";
    bench.report.add(ratio_row("tiny, HTTP JSON, " + text, "requests/s", "nginx, fixed answer",
                               compare(rates), ratio_at_least(load.goal)),
                     how);
    const auto cpu = compare({.ours = ours.cpu_us, .reference = reference.cpu_us});
    bench.report.add(difference_row("tiny, HTTP JSON, " + text + ", server CPU a request, more", "us",
                                    "nginx, fixed answer", cpu,
                                    load.connections == 1 ? std::nullopt : std::optional(value_at_most(10))),
                     how + "; user and system time of the server's processes: Onda " +
                         std::to_string(cpu.ours.median) + " us, nginx " +
                         std::to_string(cpu.reference.median) + " us");
  }
}

}  // namespace onda::bench
