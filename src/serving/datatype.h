#pragma once

#include <optional>
#include <string_view>

#include "onda/dtype.h"

namespace onda::serving {

/// The name of a dtype in the Open Inference Protocol: "FP32", "INT64", "BYTES", …; "" for one that it has no
/// name for.
[[nodiscard]] std::string_view datatype_name(DType dtype) noexcept;

/// The inverse; empty for anything else.
[[nodiscard]] std::optional<DType> parse_datatype(std::string_view name) noexcept;

}  // namespace onda::serving
