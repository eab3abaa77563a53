#include "image/geometry.h"

#include <algorithm>

#include "image/size_limit.h"
#include "onda/error.h"

namespace onda::image {
namespace {

/// Half of a difference as Python's `round(difference / 2)` gives it: halves go to the even neighbour.
std::uint64_t half_to_even(std::uint64_t difference) noexcept {
  const std::uint64_t half = difference / 2;
  return half + (difference % 2 != 0 && half % 2 != 0 ? 1 : 0);
}

AxisPlan plan_axis(std::uint64_t source, std::uint64_t resized, std::optional<std::uint64_t> crop) noexcept {
  AxisPlan plan = {.source = source,
                   .resized = resized,
                   .first = 0,
                   .count = resized,
                   .padding = 0,
                   .output = crop.value_or(resized)};
  if (plan.output < resized) {
    plan.first = half_to_even(resized - plan.output);
    plan.count = plan.output;
  } else {
    plan.padding = (plan.output - resized) / 2;
  }
  return plan;
}

std::uint64_t long_side(std::uint64_t shortest, std::uint64_t long_source, std::uint64_t short_source) {
  // Python's int(a * b / c): the quotient of two integers rounded to a double, then cut off. The factors are
  // below 2^32 and 2^20, so the product is exact.
  return static_cast<std::uint64_t>(static_cast<double>(shortest * long_source) /
                                    static_cast<double>(short_source));
}

}  // namespace

Geometry plan_geometry(std::uint64_t width, std::uint64_t height, const Preprocess& steps) {
  std::uint64_t resized_width = width;
  std::uint64_t resized_height = height;
  if (steps.resize_exact) {
    resized_height = static_cast<std::uint64_t>((*steps.resize_exact)[0]);
    resized_width = static_cast<std::uint64_t>((*steps.resize_exact)[1]);
  } else if (steps.resize_shortest > 0) {
    const auto shortest = static_cast<std::uint64_t>(steps.resize_shortest);
    const std::uint64_t longest = long_side(shortest, std::max(width, height), std::min(width, height));
    resized_width = width <= height ? shortest : longest;
    resized_height = width <= height ? longest : shortest;
  }
  std::optional<std::uint64_t> crop_height;
  std::optional<std::uint64_t> crop_width;
  if (steps.crop) {
    crop_height = static_cast<std::uint64_t>((*steps.crop)[0]);
    crop_width = static_cast<std::uint64_t>((*steps.crop)[1]);
  }
  const Geometry geometry = {.horizontal = plan_axis(width, resized_width, crop_width),
                             .vertical = plan_axis(height, resized_height, crop_height)};
  require_size_within(geometry.horizontal.output, geometry.vertical.output, steps.max_pixels,
                      "the resized image");
  return geometry;
}

}  // namespace onda::image
