#include "image/preprocess_steps.h"

#include <cmath>
#include <string>

#include "base/quoted.h"
#include "image/size_limit.h"
#include "onda/error.h"

namespace onda::image {
namespace {

void require_size(const std::optional<std::array<std::int64_t, 2>>& size, std::string_view what) {
  if (!size) return;
  for (const std::int64_t side : *size) {
    if (side >= 1 && side <= static_cast<std::int64_t>(kMaxSide)) continue;
    throw Error(ErrorCode::invalid_argument,
                std::string(what) + " is " + std::to_string((*size)[0]) + " x " + std::to_string((*size)[1]) +
                    " (height x width); expected sides from 1 to " + std::to_string(kMaxSide));
  }
}

}  // namespace

bool is_image_dtype(DType dtype) noexcept {
  return dtype == DType::float32 || dtype == DType::float16 || dtype == DType::float64 ||
         dtype == DType::uint8 || dtype == DType::int8;
}

void require_valid(const Preprocess& steps) {
  if (steps.resize_shortest < 0 || steps.resize_shortest > static_cast<std::int64_t>(kMaxSide)) {
    throw Error(ErrorCode::invalid_argument,
                "the shortest side after resizing is " + std::to_string(steps.resize_shortest) +
                    "; expected 0 (keep the size) to " + std::to_string(kMaxSide));
  }
  require_size(steps.resize_exact, "the size to resize to");
  require_size(steps.crop, "the centre crop");
  if (!is_image_dtype(steps.dtype)) {
    throw Error(ErrorCode::invalid_argument, "images are not converted to " +
                                                 std::string(to_string(steps.dtype)) +
                                                 "; expected float32, float16, float64, uint8 or int8");
  }
  bool is_finite = std::isfinite(steps.scale);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    is_finite = is_finite && std::isfinite(steps.mean[channel]) && std::isfinite(steps.std[channel]);
    if (steps.std[channel] == 0) {
      throw Error(ErrorCode::invalid_argument,
                  "the standard deviation of channel " + std::to_string(channel) +
                      " is 0; expected a number to divide by (1 changes nothing)");
    }
  }
  if (!is_finite) {
    throw Error(ErrorCode::invalid_argument, "scale, mean or standard deviation is not a finite number");
  }
}

}  // namespace onda::image

namespace onda {

Preprocess Preprocess::imagenet() {
  Preprocess steps;
  steps.resize_shortest = 256;
  steps.crop = {{224, 224}};
  steps.mean = {0.485F, 0.456F, 0.406F};
  steps.std = {0.229F, 0.224F, 0.225F};
  return steps;
}

Preprocess Preprocess::raw() { return {}; }

Preprocess Preprocess::preset(std::string_view name) {
  if (name == "imagenet") return imagenet();
  if (name == "raw") return raw();
  throw Error(ErrorCode::invalid_argument,
              "unknown preprocessing " + base::quoted(name) + "; expected imagenet or raw");
}

}  // namespace onda
