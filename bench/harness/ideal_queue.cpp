#include "bench/harness/ideal_queue.h"

#include <algorithm>
#include <random>

namespace onda::bench {

std::vector<double> poisson_arrivals(double per_second, double seconds, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(per_second);
  std::vector<double> arrivals;
  for (double at = gap(random); at < seconds; at += gap(random)) arrivals.push_back(at);
  return arrivals;
}

std::vector<double> simulate_ideal_queue(const std::vector<double>& arrivals_s, std::size_t servers,
                                         const std::function<double(std::size_t busy)>& service_ms) {
  std::vector<double> free_at_ms(servers, 0.0);
  std::vector<double> latencies_ms;
  latencies_ms.reserve(arrivals_s.size());
  for (const double arrival_s : arrivals_s) {
    const double arrival_ms = arrival_s * 1e3;
    const auto earliest = std::ranges::min_element(free_at_ms);
    const double begin = std::max(arrival_ms, *earliest);
    // The one that is taken is free by then.
    const auto busy =
        static_cast<std::size_t>(std::ranges::count_if(free_at_ms, [&](double at) { return at > begin; }));
    *earliest = begin + service_ms(busy);
    latencies_ms.push_back(*earliest - arrival_ms);
  }
  return latencies_ms;
}

}  // namespace onda::bench
