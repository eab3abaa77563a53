#pragma once

#include <string>
#include <string_view>

#include "onda/tensor.h"

namespace onda::cli {

/// A tensor as people read it: name, dtype, shape and range on the first line, then its first elements, at
/// most a line. Ends in a newline.
[[nodiscard]] std::string summarize_tensor(std::string_view name, const TensorView& tensor);

}  // namespace onda::cli
