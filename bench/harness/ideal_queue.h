#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace onda::bench {

/// When requests arrive that know nothing of each other: so many a second on average, in seconds, ascending,
/// until `seconds`. The same seed gives the same times.
[[nodiscard]] std::vector<double> poisson_arrivals(double per_second, double seconds, std::uint64_t seed);

/// What a server is that loses no time at all: `servers` places, the first in line taken as soon as one is
/// free. `service_ms(busy)` is how long the next one takes, with so many busy besides it. Returns the
/// milliseconds from each arrival to its end, in the order of arrival.
[[nodiscard]] std::vector<double> simulate_ideal_queue(
    const std::vector<double>& arrivals_s, std::size_t servers,
    const std::function<double(std::size_t busy)>& service_ms);

}  // namespace onda::bench
