#include "serving/preprocess_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "base/parse_number.h"
#include "base/quoted.h"
#include "onda/error.h"

namespace onda::serving {
namespace {

// Far above any model's input; a mistyped size must not become a huge allocation.
constexpr std::int64_t kLargestSide = 32'768;

[[noreturn]] void refuse(std::string_view word, std::string_view expected) {
  throw Error(ErrorCode::invalid_argument, base::quoted(word) + ": expected " + std::string(expected));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<float> number_of(std::string_view text) {
  const auto number = base::parse_number<float>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

/// One step, "key=value".
class Step {
 public:
  explicit Step(std::string_view word) : word_(word) {
    const auto sign = word.find('=');
    if (sign == std::string_view::npos || sign == 0) refuse(word, "imagenet, raw, or a step like resize=256");
    key_ = word.substr(0, sign);
    value_ = word.substr(sign + 1);
  }

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] std::string_view value() const noexcept { return value_; }
  [[nodiscard]] bool has_two_sides() const noexcept { return value_.find('x') != std::string_view::npos; }

  [[nodiscard]] std::int64_t side() const { return side_of(value_, 0); }

  [[nodiscard]] std::array<std::int64_t, 2> size() const {
    const auto sign = value_.find('x');
    const std::int64_t height = side_of(value_.substr(0, sign), 1);
    if (sign == std::string_view::npos) return {height, height};
    return {height, side_of(value_.substr(sign + 1), 1)};
  }

  [[nodiscard]] float scale() const {
    const auto sign = value_.find('/');
    const auto above = number_of(value_.substr(0, sign));
    const auto below = sign == std::string_view::npos ? 1.0F : number_of(value_.substr(sign + 1));
    if (!above || !below || *below == 0) refuse(word_, "a number, or a fraction like 1/255");
    return *above / *below;
  }

  [[nodiscard]] std::array<float, 3> channels() const {
    const auto parts = split(value_, ',');
    std::array<float, 3> result{};
    for (std::size_t i = 0; i < 3; ++i) {
      const auto number = number_of(parts[parts.size() == 1 ? 0 : std::min(i, parts.size() - 1)]);
      if (!number || (parts.size() != 1 && parts.size() != 3))
        refuse(word_, "one number, or three for the channels");
      result[i] = *number;
    }
    return result;
  }

  [[noreturn]] void refuse_value(std::string_view expected) const { refuse(word_, expected); }

 private:
  [[nodiscard]] std::int64_t side_of(std::string_view text, std::int64_t smallest) const {
    const auto number = base::parse_number<std::int64_t>(text);
    if (!number || *number < smallest || *number > kLargestSide)
      refuse(word_, "N or HEIGHTxWIDTH, up to " + std::to_string(kLargestSide));
    return *number;
  }

  std::string_view word_;
  std::string_view key_;
  std::string_view value_;
};

ColorOrder color_of(const Step& step) {
  if (step.value() == "rgb") return ColorOrder::rgb;
  if (step.value() == "bgr") return ColorOrder::bgr;
  if (step.value() == "grey" || step.value() == "gray") return ColorOrder::grey;
  step.refuse_value("rgb, bgr or grey");
}

TensorLayout layout_of(const Step& step) {
  if (step.value() == "nchw") return TensorLayout::nchw;
  if (step.value() == "nhwc") return TensorLayout::nhwc;
  step.refuse_value("nchw or nhwc");
}

std::array<float, 3> divisors_of(const Step& step) {
  const auto channels = step.channels();
  for (const float channel : channels) {
    if (channel == 0) step.refuse_value("no 0: a channel cannot be divided by it");
  }
  return channels;
}

void apply_size(const Step& step, Preprocess& steps, bool& crop_given) {
  if (step.key() == "crop") {
    steps.crop = step.size();
    crop_given = true;
  } else if (step.has_two_sides()) {
    steps.resize_exact = step.size();
    steps.resize_shortest = 0;
  } else {
    steps.resize_shortest = step.side();
    steps.resize_exact.reset();
  }
}

void apply(const Step& step, Preprocess& steps, bool& crop_given) {
  if (step.key() == "resize" || step.key() == "crop") {
    apply_size(step, steps, crop_given);
  } else if (step.key() == "color") {
    steps.color = color_of(step);
  } else if (step.key() == "layout") {
    steps.layout = layout_of(step);
  } else if (step.key() == "scale") {
    steps.scale = step.scale();
  } else if (step.key() == "mean") {
    steps.mean = step.channels();
  } else if (step.key() == "std") {
    steps.std = divisors_of(step);
  } else if (step.key() == "max_pixels") {
    const auto pixels = base::parse_number<std::uint64_t>(step.value());
    if (!pixels || *pixels == 0) step.refuse_value("a number of pixels");
    steps.max_pixels = *pixels;
  } else {
    refuse(step.key(), "resize, crop, color, scale, mean, std, layout or max_pixels");
  }
}

std::string text_of(float number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

std::string text_of(const std::array<float, 3>& channels) {
  return text_of(channels[0]) + ',' + text_of(channels[1]) + ',' + text_of(channels[2]);
}

std::string text_of(const std::array<std::int64_t, 2>& size) {
  return std::to_string(size[0]) + 'x' + std::to_string(size[1]);
}

std::string_view text_of(ColorOrder color) {
  if (color == ColorOrder::grey) return "grey";
  return color == ColorOrder::bgr ? "bgr" : "rgb";
}

}  // namespace

Preprocess parse_preprocess(std::string_view text) {
  Preprocess steps = Preprocess::raw();
  std::vector<std::string_view> keys;
  bool crop_given = false;
  bool is_first = true;
  for (const auto word : split(text, ' ')) {
    if (word.empty()) continue;
    if (is_first && (word == "imagenet" || word == "raw")) {
      steps = Preprocess::preset(word);
    } else {
      const Step step(word);
      for (const auto key : keys) {
        if (key == step.key()) refuse(word, "each step once");
      }
      keys.push_back(step.key());
      apply(step, steps, crop_given);
    }
    is_first = false;
  }
  if (is_first) refuse(text, "imagenet, raw, or steps like resize=256 crop=224");
  // Exactly this size is meant; the preset's crop would cut it.
  if (steps.resize_exact && !crop_given) steps.crop.reset();
  return steps;
}

std::string to_string(const Preprocess& steps) {
  std::string text = "resize=";
  text += steps.resize_exact ? text_of(*steps.resize_exact) : std::to_string(steps.resize_shortest);
  if (steps.crop) text += " crop=" + text_of(*steps.crop);
  text += " color=" + std::string(text_of(steps.color));
  text += " scale=" + text_of(steps.scale) + " mean=" + text_of(steps.mean) + " std=" + text_of(steps.std);
  text += steps.layout == TensorLayout::nchw ? " layout=nchw" : " layout=nhwc";
  return text + " max_pixels=" + std::to_string(steps.max_pixels);
}

}  // namespace onda::serving
