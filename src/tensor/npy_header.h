#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "onda/dtype.h"
#include "onda/shape.h"

namespace onda::tensor {

/// What stands before the elements of an .npy file
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
struct NpyHeader {
  /// How an element is stored. NumPy's strings have a fixed length, padded with NUL.
  enum class Kind { number, bytes, utf32 };
  Kind kind = Kind::number;
  DType dtype = DType::undefined;  ///< `string` for bytes and utf32
  std::size_t element_bytes = 0;
  bool is_big_endian = false;
  bool is_fortran_order = false;
  Shape shape;
  std::size_t data_offset = 0;  ///< where the elements start
};

/// Reads the header of an .npy file of version 1, 2 or 3. Throws data_loss (cut short, no .npy file,
/// malformed), unimplemented (objects, structures, types that ONNX lacks, a newer version), invalid_argument
/// (a shape that is none), resource_exhausted (a header of more than 64 KB).
[[nodiscard]] NpyHeader read_npy_header(std::span<const std::byte> file);

/// The first bytes of a file of version 1 in C order, as NumPy itself writes them: magic to line end.
/// `descr` is NumPy's name of the type, "<f4".
[[nodiscard]] std::string npy_header_text(const std::string& descr, const Shape& shape);

}  // namespace onda::tensor
