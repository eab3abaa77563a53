#include "protocol/tensor_size.h"

#include <algorithm>
#include <limits>

#include "base/quoted.h"
#include "onda/error.h"

namespace onda::protocol {

std::string quoted_name(std::string_view name) {
  constexpr std::size_t kLongest = 512;
  const std::string text = base::quoted(name, kLongest);
  return "'" + text.substr(1, text.size() - 2) + "'";
}

std::string dims_text(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape.dims()) {
    if (text.size() > 1) text += ',';
    text += std::to_string(size);
  }
  return text + ']';
}

std::size_t element_count_of(std::string_view input, const Shape& shape) {
  // As NumPy does it: a dimension of 0 does not make up for others that no machine holds.
  std::int64_t count = 1;
  bool is_empty = false;
  for (const std::int64_t size : shape.dims()) {
    if (size < 0) {
      throw Error(ErrorCode::invalid_argument,
                  "shape " + dims_text(shape) + " of input " + quoted_name(input) +
                      " contains one or more invalid dimensions: none may be negative");
    }
    is_empty = is_empty || size == 0;
    if (size != 0 && __builtin_mul_overflow(count, size, &count)) {
      throw Error(ErrorCode::invalid_argument, "shape " + dims_text(shape) + " of input " +
                                                   quoted_name(input) +
                                                   " causes total element count to exceed maximum size of " +
                                                   std::to_string(std::numeric_limits<std::int64_t>::max()));
    }
  }
  return is_empty ? 0 : static_cast<std::size_t>(count);
}

std::size_t byte_size_of(std::string_view input, DType dtype, std::size_t elements) {
  const std::size_t size = bits(dtype) / 8;
  if (size == 0) {
    throw Error(ErrorCode::type_mismatch, "input " + quoted_name(input) + ": elements of type " +
                                              std::string(to_string(dtype)) + " have no size");
  }
  if (elements > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()) / size) {
    throw Error(ErrorCode::invalid_argument, "byte size overflow for input " + quoted_name(input) + ": " +
                                                 std::to_string(elements) + " elements of " +
                                                 std::to_string(size) + " bytes");
  }
  return elements * size;
}

}  // namespace onda::protocol
