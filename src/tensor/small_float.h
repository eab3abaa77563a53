#pragma once

#include <cstdint>
#include <optional>

#include "onda/dtype.h"

namespace onda::tensor {

/// The floating-point types of 4 to 16 bits: float16, bfloat16, the float8 family and float4e2m1.
[[nodiscard]] bool is_small_float(DType dtype) noexcept;

/// The value of the lowest `bits(dtype)` bits.
[[nodiscard]] double decode_small_float(DType dtype, std::uint32_t pattern) noexcept;

/// The nearest value, ties to even. Empty where the type cannot hold it: NaN or an infinity that it lacks, a
/// finite number past its largest.
[[nodiscard]] std::optional<std::uint32_t> encode_small_float(DType dtype, double value) noexcept;

}  // namespace onda::tensor
