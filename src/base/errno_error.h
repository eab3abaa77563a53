#pragma once

#include <filesystem>
#include <string_view>

#include "onda/error.h"

namespace onda::base {

/// The error for an `errno` value, in the one place that maps them: `cannot open "x.onnx": No such file or
/// directory`, with a remedy where there is one. `action` completes "cannot": "open", "map".
[[nodiscard]] Error errno_error(int number, std::string_view action, const std::filesystem::path& path);

}  // namespace onda::base
