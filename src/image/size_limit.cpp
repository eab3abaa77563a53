#include "image/size_limit.h"

#include <string>

#include "onda/error.h"

namespace onda::image {

void require_size_within(std::uint64_t width, std::uint64_t height, std::uint64_t max_pixels,
                         std::string_view what) {
  if (width == 0 || height == 0) {
    throw Error(ErrorCode::data_loss, std::string(what) + " has no pixels: " + std::to_string(width) + " x " +
                                          std::to_string(height));
  }
  const std::string size =
      std::string(what) + " is " + std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width > kMaxSide || height > kMaxSide) {
    throw Error(ErrorCode::resource_exhausted, size + "; no side may be longer than " +
                                                   std::to_string(kMaxSide) + ": make it smaller first");
  }
  if (width * height > max_pixels) {
    throw Error(ErrorCode::resource_exhausted, size + " (" + std::to_string(width * height) +
                                                   " in all); the limit is " + std::to_string(max_pixels) +
                                                   ": make it smaller first, or raise the limit");
  }
}

}  // namespace onda::image
