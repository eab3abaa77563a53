#pragma once

#include <string>
#include <string_view>

#include "onda/preprocess.h"

namespace onda::serving {

/// Reads the steps from an image to a model's input as a configuration writes them: a preset ("imagenet",
/// "raw") or none, which is raw, then any of these, separated by spaces, in any order and each once:
///
///   resize=256 | resize=224x320   the shortest side, or height x width exactly
///   crop=224 | crop=224x320       from the centre
///   color=rgb|bgr|grey            layout=nchw|nhwc
///   scale=0.0039 | scale=1/255    mean=0.485,0.456,0.406    std=0.229,0.224,0.225
///   max_pixels=50000000
///
/// Throws invalid_argument with the word at fault and what would be right.
[[nodiscard]] Preprocess parse_preprocess(std::string_view text);

/// The steps as `parse_preprocess` reads them, all written out.
[[nodiscard]] std::string to_string(const Preprocess& steps);

}  // namespace onda::serving
