#include "image/resize.h"

#include <algorithm>
#include <array>

#include "image/resize_weights.h"
#include "image/size_limit.h"

namespace onda::image {
namespace {

constexpr std::int32_t kHalf = 1 << (ResizeWeights::kPrecisionBits - 1);
/// Samples of a row that are summed at a time: their sums stay in the first-level cache.
constexpr std::size_t kBlock = 1024;

std::uint8_t to_sample(std::int32_t sum) noexcept {
  // Weights are positive and their sum is 1 but for rounding, so only the upper end needs a bound.
  return static_cast<std::uint8_t>(std::min(sum >> ResizeWeights::kPrecisionBits, 255));
}

template <std::size_t kChannels>
void resize_row(const std::uint8_t* from, const ResizeWeights& weights, std::uint8_t* to) noexcept {
  for (std::size_t x = 0; x < weights.outputs(); ++x) {
    const auto taps = weights.taps(x);
    const std::uint8_t* pixel = from + taps.first * kChannels;
    std::array<std::int32_t, kChannels> sums;
    sums.fill(kHalf);
    for (const std::int32_t weight : taps.weights) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weight;
      pixel += kChannels;
    }
    for (std::size_t c = 0; c < kChannels; ++c) *to++ = to_sample(sums[c]);
  }
}

Bitmap resize_rows(const BitmapView& source, const ResizeWeights& weights,
                   const std::shared_ptr<Allocator>& allocator) {
  Bitmap result(weights.outputs(), source.height, source.channels, allocator);
  for (std::size_t y = 0; y < source.height; ++y) {
    const std::uint8_t* const from = source.row(y) + weights.first_source() * source.channels;
    source.channels == 1 ? resize_row<1>(from, weights, result.row(y))
                         : resize_row<3>(from, weights, result.row(y));
  }
  return result;
}

/// One block of one output row: the weighted sum of the same block of some source rows.
void sum_rows(const BitmapView& source, ResizeWeights::Taps taps, std::size_t offset, std::size_t count,
              std::uint8_t* to) noexcept {
  std::array<std::int32_t, kBlock> sums;
  std::fill_n(sums.begin(), count, kHalf);
  for (std::size_t i = 0; i < taps.weights.size(); ++i) {
    const std::uint8_t* const from = source.row(taps.first + i) + offset;
    const std::int32_t weight = taps.weights[i];
    for (std::size_t x = 0; x < count; ++x) sums[x] += from[x] * weight;
  }
  for (std::size_t x = 0; x < count; ++x) to[x] = to_sample(sums[x]);
}

/// `source` begins at the first row that the weights read.
Bitmap resize_columns(const BitmapView& source, const ResizeWeights& weights,
                      const std::shared_ptr<Allocator>& allocator) {
  Bitmap result(source.width, weights.outputs(), source.channels, allocator);
  for (std::size_t y = 0; y < weights.outputs(); ++y) {
    for (std::size_t offset = 0; offset < result.row_bytes(); offset += kBlock) {
      const std::size_t count = std::min(kBlock, result.row_bytes() - offset);
      sum_rows(source, weights.taps(y), offset, count, result.row(y) + offset);
    }
  }
  return result;
}

}  // namespace

Bitmap resize(const BitmapView& source, const Geometry& geometry, std::uint64_t max_pixels,
              const std::shared_ptr<Allocator>& allocator) {
  const AxisPlan& horizontal = geometry.horizontal;
  const AxisPlan& vertical = geometry.vertical;
  const bool has_row_pass = horizontal.resized != horizontal.source;
  const bool has_column_pass = vertical.resized != vertical.source;

  BitmapView rows = source;
  if (!has_row_pass) rows = rows.window(horizontal.first, 0, horizontal.count, rows.height);
  if (!has_column_pass) rows = rows.window(0, vertical.first, rows.width, vertical.count);
  if (!has_column_pass) return resize_rows(rows, ResizeWeights(horizontal), allocator);

  const ResizeWeights column_weights(vertical);
  rows = rows.window(0, column_weights.first_source(), rows.width, column_weights.source_count());
  if (!has_row_pass) return resize_columns(rows, column_weights, allocator);

  // A long, narrow image that is made short and wide is large in between.
  require_size_within(horizontal.count, rows.height, max_pixels,
                      "the image between the two passes of resizing");
  const Bitmap between = resize_rows(rows, ResizeWeights(horizontal), allocator);
  return resize_columns(between.view(), column_weights, allocator);
}

}  // namespace onda::image
