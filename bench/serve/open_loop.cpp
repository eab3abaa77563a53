// Requests that come when they come: ResNet-50 at half of what the server can do, at four fifths, and at
// twice.

#include <algorithm>
#include <random>

#include "bench/harness/ideal_queue.h"
#include "bench/serve/bare_model.h"
#include "bench/serve/http_load.h"
#include "bench/serve/inference_request.h"
#include "bench/serve/model_repository.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

constexpr std::size_t kConnections = 128;
constexpr std::size_t kSegments = 3;

std::vector<double> sorted(std::vector<double> values) {
  std::ranges::sort(values);
  return values;
}

/// A time drawn from those that were measured.
class Draw {
 public:
  Draw(std::vector<double> times, std::uint64_t seed) : times_(std::move(times)), random_(seed) {}
  double operator()() {
    return times_[std::uniform_int_distribution<std::size_t>(0, times_.size() - 1)(random_)];
  }

 private:
  std::vector<double> times_;
  std::mt19937_64 random_;
};

/// What the runtime takes by itself.
struct BareTimes {
  std::vector<double> alone;     ///< one caller, one thread
  std::vector<double> together;  ///< two callers, one thread each
  std::vector<double> shared;    ///< one caller, two threads
};

BareTimes measure_bare(Bench& bench) {
  BareModel two(bench.runtime, resnet_shape(), {.threads = 1, .callers = 2});
  BareModel one(bench.runtime, resnet_shape(), {.threads = 2, .callers = 1});
  const double seconds = bench.settings.seconds() * 3;
  BareTimes times;
  times.together = two.run_for(seconds).run_times_ms;
  times.alone = two.run_times_ms(bench.settings.quick ? 15 : 60);
  times.shared = one.run_for(seconds).run_times_ms;
  wait_for_spinning_to_end();
  return times;
}

double capacity_of(std::uint16_t port, const std::string& request, double seconds) {
  const LoadResult result = run_closed_loop(port, request, 4, seconds, 0.5);
  result.require_success();
  return result.per_second();
}

void add_row(Bench& bench, OndaServer& onda, const BareTimes& times, double capacity, double load) {
  const std::string request = resnet_request().http_binary();
  std::vector<double> ours;
  std::vector<double> of_two;
  std::vector<double> of_one;
  std::vector<double> ratios;
  for (std::uint64_t segment = 0; segment < kSegments; ++segment) {
    const auto arrivals = poisson_arrivals(capacity * load, bench.settings.quick ? 5 : 25, segment + 1);
    const LoadResult result = run_open_loop(onda.http_port(), request, arrivals, kConnections);
    result.require_success();
    Draw alone(times.alone, segment);
    Draw together(times.together, segment + 100);
    Draw shared(times.shared, segment + 200);
    const auto two =
        simulate_ideal_queue(arrivals, 2, [&](std::size_t busy) { return busy == 0 ? alone() : together(); });
    const auto one = simulate_ideal_queue(arrivals, 1, [&](std::size_t) { return shared(); });
    const auto latencies = result.latencies_ms();
    ours.insert(ours.end(), latencies.begin(), latencies.end());
    of_two.insert(of_two.end(), two.begin(), two.end());
    of_one.insert(of_one.end(), one.begin(), one.end());
    ratios.push_back(percentile(latencies, 0.99) / percentile(sorted(two), 0.99));
  }
  const double p99 = percentile(sorted(ours), 0.99);
  const double ideal_two = percentile(sorted(of_two), 0.99);
  const double ideal_one = percentile(sorted(of_one), 0.99);
  const Estimate spread = median_and_range(ratios);
  const std::string name =
      "ResNet-50, open loop at " + std::to_string(static_cast<int>(load * 100 + 0.5)) + " %: p99";
  bench.report.add({.name = name,
                    .value = p99,
                    .unit = "ms",
                    .reference = "ideal queue, 2 places x 1 thread",
                    .ratio = p99 / ideal_two,
                    .ci_low = spread.low,
                    .ci_high = spread.high,
                    .samples = ours.size(),
                    .goal = ratio_at_most(1.2)},
                   "Poisson arrivals, " + std::to_string(capacity * load) + "/s, " +
                       std::to_string(ours.size()) + " requests in " + std::to_string(kSegments) +
                       " segments (the interval is theirs); ideal queues of the same arrivals: " +
                       std::to_string(ideal_two) + " ms with 2 places x 1 thread, " +
                       std::to_string(ideal_one) + " ms with 1 place x 2 threads; p50 " +
                       std::to_string(percentile(sorted(ours), 0.5)) + " ms against " +
                       std::to_string(percentile(sorted(of_two), 0.5)) + " and " +
                       std::to_string(percentile(sorted(of_one), 0.5)) + " ms");
}

constexpr std::size_t kQueue = 16;
constexpr double kSlots = 2;

void add_overload_rows(Bench& bench) {
  ModelRepository models("overload");
  const std::string config = "max_batch_size: 1\ndynamic_batching { default_queue_policy { max_queue_size: " +
                             std::to_string(kQueue) + " } }\n";
  models.add("resnet50", kResNetFile, config);
  OndaServer onda(models.directory());
  const std::string request = resnet_request().http_binary();
  run_closed_loop(onda.http_port(), request, 4, 0.5).require_success();
  onda.program().wait_until_idle();

  std::vector<double> answered;
  std::vector<double> capacities;
  std::vector<double> latencies;
  std::vector<double> refused_latencies;
  std::size_t other = 0;
  for (std::uint64_t segment = 0; segment < bench.settings.rounds(); ++segment) {
    const double capacity = capacity_of(onda.http_port(), request, bench.settings.seconds() * 2);
    const auto arrivals = poisson_arrivals(2 * capacity, bench.settings.seconds() * 4, segment + 11);
    const LoadResult result = run_open_loop(onda.http_port(), request, arrivals, kConnections);
    // Until the queue is full everything is answered, and what is left in it at the end comes after: the
    // middle counts.
    const double from = result.seconds * 0.25;
    double count = 0;
    for (const Answered& answer : result.answers) {
      const double at = answer.due_s + answer.latency_ms * 1e-3;
      if (answer.status == 200 && at >= from && at < result.seconds) count += 1;
      if (answer.status != 200 && answer.status != 503) ++other;
    }
    capacities.push_back(capacity);
    answered.push_back(count / (result.seconds - from));
    const auto good = result.latencies_ms();
    const auto refused = result.latencies_ms(503);
    latencies.insert(latencies.end(), good.begin(), good.end());
    refused_latencies.insert(refused_latencies.end(), refused.begin(), refused.end());
  }
  const std::string how =
      "Poisson arrivals at twice the capacity, config \"max_batch_size: 1 dynamic_batching { "
      "default_queue_policy { max_queue_size: 16 } }\"; capacity: 4 connections, closed loop, just "
      "before; " +
      std::to_string(latencies.size()) + " answered, " + std::to_string(refused_latencies.size()) +
      " refused with 503, " + std::to_string(other) + " answered otherwise";
  const auto rates = compare({.ours = answered, .reference = capacities});
  bench.report.add(ratio_row("ResNet-50, twice the capacity: answered", "requests/s", "capacity", rates,
                             ratio_at_least(0.95)),
                   how);
  // The last in a full queue ends when all before it have, and itself: those in the slots may just have
  // begun.
  const double bound_ms = (static_cast<double>(kQueue) + kSlots) / rates.reference.median * 1e3;
  const auto good = sorted(latencies);
  const double p99 = percentile(good, 0.99);
  bench.report.add({.name = "ResNet-50, twice the capacity: p99 of the answered",
                    .value = p99,
                    .unit = "ms",
                    .reference = "the queue's bound",
                    .ratio = p99 / bound_ms,
                    .ci_low = percentile(good, 0.98) / bound_ms,
                    .ci_high = percentile(good, 0.998) / bound_ms,
                    .samples = good.size(),
                    .goal = ratio_at_most(1)},
                   "bound: (16 in the queue + 2 in slots) / capacity = " + std::to_string(bound_ms) +
                       " ms; the interval is from p98 to p99.8");
  if (refused_latencies.empty()) {
    return bench.report.add_missing("ResNet-50, twice the capacity: p99 of the 503", "ms",
                                    "none was refused");
  }
  const auto refused = sorted(refused_latencies);
  bench.report.add({.name = "ResNet-50, twice the capacity: p99 of the 503",
                    .value = percentile(refused, 0.99),
                    .unit = "ms",
                    .ci_low = percentile(refused, 0.98),
                    .ci_high = percentile(refused, 0.998),
                    .samples = refused.size(),
                    .goal = value_at_most(5)},
                   "from the time it was due; p50 " + std::to_string(percentile(refused, 0.5)) +
                       " ms; the interval is from p98 to p99.8");
}

}  // namespace

void measure_open_loop(Bench& bench) {
  warm_server_cache(kResNetFile);
  {
    ModelRepository models("resnet50");
    models.add("resnet50", kResNetFile);
    OndaServer onda(models.directory());
    const std::string request = resnet_request().http_binary();
    const BareTimes times = measure_bare(bench);
    run_closed_loop(onda.http_port(), request, 4, 0.5).require_success();
    onda.program().wait_until_idle();
    const double capacity = capacity_of(onda.http_port(), request, bench.settings.seconds() * 3);
    add_row(bench, onda, times, capacity, 0.5);
    add_row(bench, onda, times, capacity, 0.8);
  }
  add_overload_rows(bench);
}

}  // namespace onda::bench
