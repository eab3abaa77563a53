#include "bench/harness/statistics.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace onda::bench {
namespace {

/// The chance that exactly `k` of `n` samples lie below the median.
double chance_of_below(std::size_t k, std::size_t n) {
  const double below = static_cast<double>(k);
  const double total = static_cast<double>(n);
  return std::exp(std::lgamma(total + 1) - std::lgamma(below + 1) - std::lgamma(total - below + 1) -
                  total * std::log(2.0));
}

/// How many samples at either end may be left out of the interval: as many as leave the median outside at
/// that end with a chance of at most 2.5 %.
std::size_t left_out(std::size_t n) {
  std::size_t k = 0;
  for (double outside = chance_of_below(0, n); outside <= 0.025; outside += chance_of_below(k, n)) ++k;
  return k - 1;
}

void require_finite(std::span<const double> samples) {
  if (!std::ranges::all_of(samples, [](double sample) { return std::isfinite(sample); }))
    throw std::invalid_argument("a sample is no finite number");
}

}  // namespace

Estimate estimate_median(std::span<const double> samples) {
  const std::size_t n = samples.size();
  if (n < kFewestSamples) {
    throw std::invalid_argument(std::to_string(n) + " samples have no 95 % interval; expected at least " +
                                std::to_string(kFewestSamples));
  }
  require_finite(samples);
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const std::size_t skip = left_out(n);
  return {.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
          .low = sorted[skip],
          .high = sorted[n - 1 - skip],
          .samples = n};
}

Estimate median_and_range(std::span<const double> samples) {
  if (samples.empty()) throw std::invalid_argument("no samples");
  require_finite(samples);
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const std::size_t n = sorted.size();
  return {.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
          .low = sorted.front(),
          .high = sorted.back(),
          .samples = n};
}

Comparison compare(const Pairs& pairs) {
  if (pairs.ours.size() != pairs.reference.size()) {
    throw std::invalid_argument(std::to_string(pairs.ours.size()) + " samples cannot be paired with " +
                                std::to_string(pairs.reference.size()));
  }
  std::vector<double> ratios;
  std::vector<double> differences;
  for (std::size_t i = 0; i < pairs.ours.size(); ++i) {
    ratios.push_back(pairs.ours[i] / pairs.reference[i]);
    differences.push_back(pairs.ours[i] - pairs.reference[i]);
  }
  return {.ours = estimate_median(pairs.ours),
          .reference = estimate_median(pairs.reference),
          .ratio = estimate_median(ratios),
          .difference = estimate_median(differences)};
}

}  // namespace onda::bench
