#include "image/resize_weights.h"

#include <algorithm>
#include <cmath>

namespace onda::image {
namespace {

double triangle(double x) noexcept { return std::max(0.0, 1.0 - std::abs(x)); }

std::int32_t to_fixed_point(double weight) noexcept {
  return static_cast<std::int32_t>(0.5 + weight * (1U << ResizeWeights::kPrecisionBits));
}

}  // namespace

ResizeWeights::ResizeWeights(const AxisPlan& axis) {
  const double scale = static_cast<double>(axis.source) / static_cast<double>(axis.resized);
  // Half the filter's width, in source samples.
  const double support = std::max(scale, 1.0);
  const double inverse_support = 1.0 / support;
  const auto source = static_cast<std::int64_t>(axis.source);

  starts_.reserve(axis.count);
  std::vector<double> exact;
  for (std::uint64_t output = axis.first; output < axis.first + axis.count; ++output) {
    const double center = (static_cast<double>(output) + 0.5) * scale;
    const std::int64_t begin = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
    const std::int64_t end = std::min(source, static_cast<std::int64_t>(center + support + 0.5));
    exact.clear();
    double sum = 0;
    for (std::int64_t i = 0; i < end - begin; ++i) {
      exact.push_back(triangle((static_cast<double>(i + begin) - center + 0.5) * inverse_support));
      sum += exact.back();
    }
    starts_.push_back({static_cast<std::size_t>(begin), weights_.size(), exact.size()});
    for (const double weight : exact) weights_.push_back(to_fixed_point(sum != 0 ? weight / sum : weight));
  }

  // Both ends grow with the output.
  first_source_ = starts_.front().source;
  source_count_ = starts_.back().source + starts_.back().count - first_source_;
  for (Start& start : starts_) start.source -= first_source_;
}

ResizeWeights::Taps ResizeWeights::taps(std::size_t output) const noexcept {
  const Start& start = starts_[output];
  return {start.source, std::span(weights_).subspan(start.weight, start.count)};
}

}  // namespace onda::image
