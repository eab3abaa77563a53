#include "cli/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace onda::cli {

// Below 2^(kSubBits + 1) a bucket is one nanosecond wide; above, the highest bit and the kSubBits below it
// choose it.
std::size_t LatencyHistogram::bucket_of(std::uint64_t nanoseconds) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(nanoseconds));
  if (width <= kSubBits) return static_cast<std::size_t>(nanoseconds);
  const unsigned shift = width - kSubBits - 1;
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(nanoseconds >> shift);
}

std::uint64_t LatencyHistogram::middle_of(std::size_t bucket) noexcept {
  if (bucket < (std::size_t{2} << kSubBits)) return bucket;
  const std::size_t shift = (bucket >> kSubBits) - 1;
  const std::uint64_t lowest = static_cast<std::uint64_t>(bucket - (shift << kSubBits)) << shift;
  return lowest + ((std::uint64_t{1} << shift) >> 1U);
}

void LatencyHistogram::add(std::chrono::nanoseconds latency) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::chrono::nanoseconds LatencyHistogram::percentile(double fraction) const noexcept {
  if (count_ == 0) return {};
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::chrono::nanoseconds(std::min(middle_of(i), max_));
  }
  return max();
}

double LatencyHistogram::mean_ns() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

}  // namespace onda::cli
