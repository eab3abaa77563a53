#include <string>

#include "image/preprocess_steps.h"
#include "onda/error.h"
#include "onda/preprocess.h"

namespace onda {
namespace {

constexpr bool is_channel_count(std::int64_t dimension) noexcept { return dimension == 1 || dimension == 3; }
constexpr bool is_dynamic(std::int64_t dimension) noexcept { return dimension == Shape::kDynamic; }

[[noreturn]] void refuse(const Shape& declared, const std::string& reason) {
  throw Error(ErrorCode::shape_mismatch, "the input " + to_string(declared) + " takes no image: " + reason);
}

/// The dimensions of one image: what is left of rank 4 without the batch.
Shape image_dimensions(const Shape& declared) {
  if (declared.rank() != 3 && declared.rank() != 4) {
    refuse(declared, "its rank is " + std::to_string(declared.rank()) +
                         "; expected [N,C,H,W], [N,H,W,C], [C,H,W] or [H,W,C]");
  }
  const Shape image(declared.dims().last(3));
  for (const std::int64_t dimension : image.dims()) {
    if (dimension < 1 && !is_dynamic(dimension)) {
      refuse(declared, "a dimension is " + std::to_string(dimension) + "; expected at least 1");
    }
  }
  return image;
}

/// Which of the two ends are the channels. A fixed 1 or 3 speaks for an end, any other fixed number against
/// it. Where both could be, one that is fixed wins over one that is dynamic; where that does not settle it,
/// `preferred` stands.
TensorLayout choose_layout(const Shape& image, TensorLayout preferred, const Shape& declared) {
  const bool first = is_channel_count(image[0]);
  const bool last = is_channel_count(image[2]);
  if (first != last) return first ? TensorLayout::nchw : TensorLayout::nhwc;
  if (first) return preferred;
  if (is_dynamic(image[0]) && is_dynamic(image[2])) return preferred;
  if (is_dynamic(image[0])) return TensorLayout::nchw;
  if (is_dynamic(image[2])) return TensorLayout::nhwc;
  refuse(declared,
         "neither its first nor its last dimension of an image is a number of channels; expected 1 or 3");
}

void settle_colour(Preprocess& steps, std::int64_t channels, const Shape& declared) {
  if (channels == 1) steps.color = ColorOrder::grey;
  if (channels == 3 && steps.color == ColorOrder::grey) {
    throw Error(ErrorCode::shape_mismatch,
                "the input " + to_string(declared) +
                    " takes 3 channels, but the image is to be grey; choose RGB or BGR");
  }
}

std::string size_text(const std::array<std::int64_t, 2>& size) {
  return std::to_string(size[0]) + " x " + std::to_string(size[1]);
}

void settle_size(Preprocess& steps, std::array<std::int64_t, 2> size, const Shape& declared) {
  if (steps.crop) {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      if (is_dynamic(size[axis]) || (*steps.crop)[axis] == size[axis]) continue;
      throw Error(ErrorCode::shape_mismatch,
                  "the centre crop is " + size_text(*steps.crop) + " (height x width), but the input is " +
                      to_string(declared) + "; crop to the input's size or leave the crop out");
    }
    return;
  }
  if (is_dynamic(size[0]) || is_dynamic(size[1])) return;
  if (!steps.resize_exact && steps.resize_shortest == 0) {
    steps.resize_exact = size;
  } else if (steps.resize_exact != size) {
    steps.crop = size;
  }
}

}  // namespace

Preprocess derive_preprocess(Preprocess steps, DType dtype, const Shape& declared) {
  const Shape image = image_dimensions(declared);
  if (!image::is_image_dtype(dtype)) {
    throw Error(ErrorCode::type_mismatch,
                "the input is " + std::string(to_string(dtype)) +
                    "; images are converted to float32, float16, float64, uint8 or int8");
  }
  steps.dtype = dtype;
  steps.layout = choose_layout(image, steps.layout, declared);
  const bool is_nchw = steps.layout == TensorLayout::nchw;
  settle_colour(steps, image[is_nchw ? 0 : 2], declared);
  settle_size(steps, is_nchw ? std::array{image[1], image[2]} : std::array{image[0], image[1]}, declared);
  return steps;
}

}  // namespace onda
