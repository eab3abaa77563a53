#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "onda/dtype.h"
#include "onda/shape.h"

namespace onda::protocol {

/// The elements of a client's shape. Throws invalid_argument for a negative dimension and for more than can
/// be.
[[nodiscard]] std::size_t element_count_of(std::string_view input, const Shape& shape);

/// The bytes of `elements` elements of a fixed size; the same for too many.
[[nodiscard]] std::size_t byte_size_of(std::string_view input, DType dtype, std::size_t elements);

/// "[-1,3,224]": the form of shapes in messages that this protocol's clients look for.
[[nodiscard]] std::string dims_text(const Shape& shape);

/// A name from outside in single quotes, as the clients look for it; printable and cut where it is very long.
[[nodiscard]] std::string quoted_name(std::string_view name);

}  // namespace onda::protocol
