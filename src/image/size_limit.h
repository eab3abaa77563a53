#pragma once

#include <cstdint>
#include <string_view>

namespace onda::image {

/// No side may be longer, whatever the limit on pixels: what is sized by one side alone stays small.
inline constexpr std::uint64_t kMaxSide = 1'000'000;

/// Refuses a size before anything is allocated for it: resource_exhausted when a side exceeds `kMaxSide` or
/// the product exceeds `max_pixels`, data_loss when a side is 0. `what` begins the message ("the PNG image").
void require_size_within(std::uint64_t width, std::uint64_t height, std::uint64_t max_pixels,
                         std::string_view what);

}  // namespace onda::image
