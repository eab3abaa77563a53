#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "onda/dtype.h"
#include "onda/shape.h"
#include "onda/tensor.h"

namespace onda {

enum class ColorOrder { rgb, bgr, grey };
enum class TensorLayout { nchw, nhwc };

/// The steps from an encoded image (JPEG, PNG or WebP, told by content) to a model's input, in this order:
/// decode, EXIF orientation, colour, resize, centre crop, scale, mean and std, layout, dtype.
/// They agree with Pillow and torchvision: `ImageOps.exif_transpose(im).convert('RGB')` (16-bit samples
/// shifted right by 8 first, ICC profiles ignored), `Resize`, `CenterCrop`.
struct Preprocess {
  /// The shortest side after resizing, bilinear with antialiasing; 0 leaves the size.
  std::int64_t resize_shortest = 0;
  /// Resize to exactly height × width instead, aspect ratio not kept.
  std::optional<std::array<std::int64_t, 2>> resize_exact;
  /// Centre crop, height × width; black padding where the image is smaller. Empty: none.
  std::optional<std::array<std::int64_t, 2>> crop;
  ColorOrder color = ColorOrder::rgb;
  /// pixel × scale, then (x − mean[c]) / std[c]; c is the channel as it stands in the output.
  float scale = 1.0F / 255.0F;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> std = {1, 1, 1};
  TensorLayout layout = TensorLayout::nchw;
  /// float32, float16, float64, uint8 or int8. Integer types take the pixel without scale, mean and std; int8
  /// takes the pixel − 128.
  DType dtype = DType::float32;
  /// Images with more pixels, before or after the resize, are refused (resource_exhausted) before anything is
  /// allocated for them. No side may be longer than a million.
  std::uint64_t max_pixels = 100'000'000;

  /// resize 256, crop 224, RGB, ImageNet's mean and standard deviation.
  static Preprocess imagenet();
  /// Decode and scale to [0,1]; size and colour as the image has them.
  static Preprocess raw();
  /// "imagenet" or "raw"; throws invalid_argument and names the choices.
  static Preprocess preset(std::string_view name);
};

/// `steps` with what the declared input (rank 3 or 4) settles: layout, colour (grey for one channel), dtype
/// and, where it fixes height and width, the size: the crop, or an exact resize where no step names a size.
/// Throws shape_mismatch for an input that takes no image, with its shape and what would be needed, and for a
/// crop or a grey image that contradicts it; type_mismatch for a dtype that images are not converted to.
/// Where either end of the shape could be the channels, the layout of `steps` stands.
[[nodiscard]] Preprocess derive_preprocess(Preprocess steps, DType dtype, const Shape& declared);

/// What an encoded image says of itself, read from its first bytes without decoding.
enum class ImageFormat { jpeg, png, webp };
[[nodiscard]] std::optional<ImageFormat> sniff_image(std::span<const std::byte> bytes) noexcept;

/// One image as a tensor [1,C,H,W] or [1,H,W,C]. Throws invalid_argument (no image that is known,
/// an image of an unsupported kind; steps that cannot be carried out), data_loss (damaged or cut short),
/// resource_exhausted (too many pixels, no memory). Safe from any thread.
[[nodiscard]] Tensor load_image(std::span<const std::byte> encoded, const Preprocess& steps,
                                std::shared_ptr<Allocator> allocator = system_allocator());

}  // namespace onda
