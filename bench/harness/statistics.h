#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace onda::bench {

/// A median and the interval that covers the true one in at least 95 of 100 repetitions.
struct Estimate {
  double median = 0;
  double low = 0;
  double high = 0;
  std::size_t samples = 0;
};

/// Fewer samples have no 95 % interval.
inline constexpr std::size_t kFewestSamples = 6;

/// The interval is that of the order statistics: it assumes nothing of the distribution, but that samples are
/// independent. Throws std::invalid_argument for fewer than `kFewestSamples`, or a sample that is no finite
/// number.
[[nodiscard]] Estimate estimate_median(std::span<const double> samples);

/// For what hardly varies and takes long: the median, and the smallest and the largest for its ends. Throws
/// std::invalid_argument for no samples, or one that is no finite number.
[[nodiscard]] Estimate median_and_range(std::span<const double> samples);

/// Measurements taken in pairs, one after the other under the same conditions.
struct Pairs {
  std::vector<double> ours;
  std::vector<double> reference;
};

struct Comparison {
  Estimate ours;
  Estimate reference;
  Estimate ratio;       ///< of ours / reference, pair by pair
  Estimate difference;  ///< of ours - reference, pair by pair
};

/// Throws as `estimate_median`, and where the numbers of samples differ or a reference is 0.
[[nodiscard]] Comparison compare(const Pairs& pairs);

}  // namespace onda::bench
