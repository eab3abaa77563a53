#include "image/layout.h"

#include <array>
#include <string>

#include "image/float16.h"
#include "onda/error.h"

namespace onda::image {
namespace {

/// What each of the 256 samples becomes in one channel. A table makes the division exact and free.
template <class T>
using SampleTable = std::array<T, 256>;

struct ToFloat32 {
  using Element = float;
  static float convert(double value) noexcept { return static_cast<float>(value); }
};
struct ToFloat64 {
  using Element = double;
  static double convert(double value) noexcept { return value; }
};
struct ToFloat16 {
  using Element = std::uint16_t;
  static std::uint16_t convert(double value) noexcept { return to_float16_bits(static_cast<float>(value)); }
};

template <class Conversion>
SampleTable<typename Conversion::Element> normalised_samples(const Preprocess& steps,
                                                             std::size_t channel) noexcept {
  SampleTable<typename Conversion::Element> table;
  const double scale = steps.scale;
  const double mean = steps.mean[channel];
  const double deviation = steps.std[channel];
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = Conversion::convert((static_cast<double>(i) * scale - mean) / deviation);
  }
  return table;
}

template <class T>
SampleTable<T> plain_samples(int offset) noexcept {
  SampleTable<T> table;
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = static_cast<T>(i + offset);
  return table;
}

/// Where the elements of one channel lie in the output, counted in elements.
struct ChannelLayout {
  std::size_t first = 0;
  std::size_t between_rows = 0;
  std::size_t between_pixels = 0;
};

ChannelLayout channel_layout(const Geometry& geometry, const Preprocess& steps,
                             std::size_t channel) noexcept {
  const auto width = static_cast<std::size_t>(geometry.horizontal.output);
  const auto height = static_cast<std::size_t>(geometry.vertical.output);
  if (steps.layout == TensorLayout::nchw) return {channel * width * height, width, 1};
  const std::size_t channels = output_channels(steps);
  return {channel, width * channels, channels};
}

template <class T>
void fill(T* to, std::size_t count, std::size_t step, T value) noexcept {
  for (std::size_t i = 0; i < count; ++i) to[i * step] = value;
}

/// `source_channel` of `kept` through `table` into its place, black around it.
template <class T>
void write_channel(const BitmapView& kept, std::size_t source_channel, const Geometry& geometry,
                   const ChannelLayout& layout, const SampleTable<T>& table, T* output) noexcept {
  const auto width = static_cast<std::size_t>(geometry.horizontal.output);
  const auto left = static_cast<std::size_t>(geometry.horizontal.padding);
  const auto top = static_cast<std::size_t>(geometry.vertical.padding);
  const std::size_t step = layout.between_pixels;
  T* to = output + layout.first;
  for (std::size_t y = 0; y < geometry.vertical.output; ++y, to += layout.between_rows) {
    if (y < top || y >= top + kept.height) {
      fill(to, width, step, table[0]);
      continue;
    }
    const std::uint8_t* const from = kept.row(y - top) + source_channel;
    fill(to, left, step, table[0]);
    T* const inside = to + left * step;
    for (std::size_t x = 0; x < kept.width; ++x) inside[x * step] = table[from[x * kept.channels]];
    fill(inside + kept.width * step, width - left - kept.width, step, table[0]);
  }
}

std::size_t source_channel(const BitmapView& kept, const Preprocess& steps, std::size_t channel) noexcept {
  if (kept.channels == 1) return 0;
  return steps.color == ColorOrder::bgr ? 2 - channel : channel;
}

/// `table_of(channel)` gives the table.
template <class T, class TableOf>
void write_channels(const BitmapView& kept, const Geometry& geometry, const Preprocess& steps, Tensor& output,
                    TableOf table_of) {
  T* const elements = reinterpret_cast<T*>(output.bytes().data());
  for (std::size_t channel = 0; channel < output_channels(steps); ++channel) {
    const SampleTable<T> table = table_of(channel);
    write_channel(kept, source_channel(kept, steps, channel), geometry,
                  channel_layout(geometry, steps, channel), table, elements);
  }
}

template <class Conversion>
void write_normalised(const BitmapView& kept, const Geometry& geometry, const Preprocess& steps,
                      Tensor& output) {
  write_channels<typename Conversion::Element>(kept, geometry, steps, output, [&steps](std::size_t channel) {
    return normalised_samples<Conversion>(steps, channel);
  });
}

}  // namespace

Shape output_shape(const Geometry& geometry, const Preprocess& steps) {
  const auto width = static_cast<std::int64_t>(geometry.horizontal.output);
  const auto height = static_cast<std::int64_t>(geometry.vertical.output);
  const auto channels = static_cast<std::int64_t>(output_channels(steps));
  return steps.layout == TensorLayout::nchw ? Shape{1, channels, height, width}
                                            : Shape{1, height, width, channels};
}

void write_tensor(const BitmapView& kept, const Geometry& geometry, const Preprocess& steps, Tensor& output) {
  switch (steps.dtype) {
    case DType::float32:
      return write_normalised<ToFloat32>(kept, geometry, steps, output);
    case DType::float64:
      return write_normalised<ToFloat64>(kept, geometry, steps, output);
    case DType::float16:
      return write_normalised<ToFloat16>(kept, geometry, steps, output);
    case DType::uint8:
      return write_channels<std::uint8_t>(kept, geometry, steps, output,
                                          [](std::size_t) { return plain_samples<std::uint8_t>(0); });
    case DType::int8:
      return write_channels<std::int8_t>(kept, geometry, steps, output,
                                         [](std::size_t) { return plain_samples<std::int8_t>(-128); });
    default:
      throw Error(ErrorCode::internal, "no conversion of images to " + std::string(to_string(steps.dtype)));
  }
}

}  // namespace onda::image
