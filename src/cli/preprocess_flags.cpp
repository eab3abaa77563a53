#include "cli/preprocess_flags.h"

#include "cli/flag_values.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

// Far above any model's input; a mistyped size must not become a huge allocation.
constexpr std::int64_t kLargestSide = 32'768;

std::array<float, 3> read_channels(const std::string& text) {
  const auto numbers = read_numbers(text);
  if (numbers.size() == 1) {
    const auto value = static_cast<float>(numbers[0]);
    return {value, value, value};
  }
  if (numbers.size() != 3)
    throw UsageError('"' + text + "\": expected one number, or three for the channels");
  return {static_cast<float>(numbers[0]), static_cast<float>(numbers[1]), static_cast<float>(numbers[2])};
}

ColorOrder read_color(const std::string& text) {
  if (text == "rgb") return ColorOrder::rgb;
  if (text == "bgr") return ColorOrder::bgr;
  if (text == "grey" || text == "gray") return ColorOrder::grey;
  throw UsageError('"' + text + "\": expected rgb, bgr or grey");
}

TensorLayout read_layout(const std::string& text) {
  if (text == "nchw") return TensorLayout::nchw;
  if (text == "nhwc") return TensorLayout::nhwc;
  throw UsageError('"' + text + "\": expected nchw or nhwc");
}

}  // namespace

std::array<std::int64_t, 2> read_image_size(const std::string& text) {
  const auto sign = text.find('x');
  const std::int64_t height = read_integer(text.substr(0, sign), 1, kLargestSide);
  if (sign == std::string::npos) return {height, height};
  return {height, read_integer(text.substr(sign + 1), 1, kLargestSide)};
}

void PreprocessFlags::add_to(CommandLine& line) {
  line.group("Images");
  line.option(
      {"preprocess", "imagenet|raw",
       "imagenet: shortest side to 256, centre crop 224, ImageNet's mean and standard deviation. raw "
       "(default): "
       "pixels scaled to 0..1. What the model's input settles (size, layout, grey) is taken from it."},
      [this](const std::string& value) {
        (void)Preprocess::preset(value);
        preset = value;
      });
  line.option({"resize", "N|HxW", "The shortest side, or exactly height x width; 0: as the image is."},
              [this](const std::string& value) {
                if (value.find('x') != std::string::npos) {
                  resize_exact = read_image_size(value);
                } else {
                  resize_shortest = read_integer(value, 0, kLargestSide);
                }
              });
  line.option({"crop", "N|HxW", "Crop from the centre."},
              [this](const std::string& value) { crop = read_image_size(value); });
  line.option({"color", "rgb|bgr|grey", "Which channels, in which order."},
              [this](const std::string& value) { color = read_color(value); });
  line.option({"scale", "X", "Each pixel value (0 to 255) times X: 1/255."},
              [this](const std::string& value) { scale = static_cast<float>(read_number(value)); });
  line.option({"mean", "X|X,X,X", "Subtracted after scaling, for all channels or one by one."},
              [this](const std::string& value) { mean = read_channels(value); });
  line.option({"std", "X|X,X,X", "Divided by after that; not 0."}, [this](const std::string& value) {
    std = read_channels(value);
    for (const float channel : *std) {
      if (channel == 0) throw UsageError('"' + value + "\": a channel cannot be divided by 0");
    }
  });
  line.option({"layout", "nchw|nhwc", "Channels first or last, where the model does not tell."},
              [this](const std::string& value) { layout = read_layout(value); });
  line.option(
      {"max-pixels", "N", "Refuse images with more pixels; 100000000 by default."},
      [this](const std::string& value) { max_pixels = static_cast<std::uint64_t>(read_integer(value, 1)); });
}

Preprocess PreprocessFlags::steps() const {
  Preprocess steps = Preprocess::preset(preset.value_or("raw"));
  if (resize_shortest) {
    steps.resize_shortest = *resize_shortest;
    steps.resize_exact.reset();
  }
  if (resize_exact) {
    steps.resize_exact = resize_exact;
    steps.resize_shortest = 0;
    // Exactly this size is meant; the preset's crop would cut it.
    if (!crop) steps.crop.reset();
  }
  if (crop) steps.crop = crop;
  if (color) steps.color = *color;
  if (scale) steps.scale = *scale;
  if (mean) steps.mean = *mean;
  if (std) steps.std = *std;
  if (layout) steps.layout = *layout;
  if (max_pixels) steps.max_pixels = *max_pixels;
  return steps;
}

}  // namespace onda::cli
