#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "image/geometry.h"

namespace onda::image {

/// Which source samples make each kept output sample of one axis, and with what weights.
class ResizeWeights {
 public:
  /// Bits behind the point: 8 bits of sample and 2 of headroom are left of 32.
  static constexpr unsigned kPrecisionBits = 32 - 8 - 2;

  /// The triangle filter, widened by the reduction, weights of one output normalised to 1. Cost and memory
  /// grow with source + output.
  explicit ResizeWeights(const AxisPlan& axis);

  struct Taps {
    std::size_t first = 0;                  ///< the first source sample, counted from `first_source`
    std::span<const std::int32_t> weights;  ///< one for each source sample from there on
  };
  [[nodiscard]] Taps taps(std::size_t output) const noexcept;
  [[nodiscard]] std::size_t outputs() const noexcept { return starts_.size(); }

  /// The source samples that are read at all: `source_count` from `first_source` on.
  [[nodiscard]] std::size_t first_source() const noexcept { return first_source_; }
  [[nodiscard]] std::size_t source_count() const noexcept { return source_count_; }

 private:
  struct Start {
    std::size_t source = 0;
    std::size_t weight = 0;
    std::size_t count = 0;
  };

  std::vector<Start> starts_;
  std::vector<std::int32_t> weights_;
  std::size_t first_source_ = 0;
  std::size_t source_count_ = 0;
};

}  // namespace onda::image
