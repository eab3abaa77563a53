#pragma once

#include <cstdint>
#include <span>

#include "image/bitmap.h"

namespace onda::image {

/// Colour to grey in place, as Pillow's `convert('L')` does it: ITU-R 601-2 luma in 16-bit fixed point,
/// rounded. A grey image stays as it is.
void convert_to_grey(Bitmap& image) noexcept;

/// Four-component samples as JPEG files hold them (inverted, as Adobe's programs write them and Pillow always
/// takes them) to red, green, blue. `rgb` has three samples for each four of `cmyk`. As Pillow's conversion
/// of CMYK: no profile.
void inverted_cmyk_to_rgb(std::span<const std::uint8_t> cmyk, std::uint8_t* rgb) noexcept;

}  // namespace onda::image
