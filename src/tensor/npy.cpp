#include "tensor/npy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "onda/error.h"
#include "tensor/npy_header.h"

namespace onda::tensor {
namespace {

using Bytes = std::span<const std::byte>;

// Numbers of either order come in units: a complex number is two.
std::size_t unit_bytes(const NpyHeader& header) {
  if (header.kind == NpyHeader::Kind::utf32) return 4;
  const bool is_complex = header.dtype == DType::complex64 || header.dtype == DType::complex128;
  return is_complex ? header.element_bytes / 2 : header.element_bytes;
}

// The elements behind the header, when there are exactly as many as it says.
Bytes elements_of(Bytes file, const NpyHeader& header) {
  const std::size_t count = header.shape.element_count();
  const Bytes rest = file.subspan(header.data_offset);
  // Text of no length would make any number of strings out of no bytes.
  if (header.element_bytes == 0 && count != 0) {
    throw Error(ErrorCode::invalid_argument,
                "an .npy file of text without length; save it with at least one character");
  }
  if (count != 0 && header.element_bytes > rest.size() / count) {
    throw Error(ErrorCode::data_loss, "an .npy file that is cut short: " + to_string(header.shape) + " of " +
                                          std::to_string(header.element_bytes) + " bytes each, but only " +
                                          std::to_string(rest.size()) + " bytes in all");
  }
  const std::size_t size = count * header.element_bytes;
  if (rest.size() > size) {
    throw Error(ErrorCode::invalid_argument, "an .npy file with " + std::to_string(rest.size() - size) +
                                                 " bytes behind its array; expected one array in a file");
  }
  return rest;
}

// Calls `take(to, from)` with each element's index in C order and in the file.
template <class Take>
void for_each_element(const NpyHeader& header, std::size_t count, Take&& take) {
  if (!header.is_fortran_order) {
    for (std::size_t i = 0; i < count; ++i) take(i, i);
    return;
  }
  const std::size_t rank = header.shape.rank();
  std::vector<std::size_t> strides(rank, 1);
  for (std::size_t axis = 1; axis < rank; ++axis) {
    strides[axis] = strides[axis - 1] * static_cast<std::size_t>(header.shape[axis - 1]);
  }
  std::vector<std::int64_t> index(rank, 0);
  std::size_t from = 0;
  for (std::size_t to = 0; to < count; ++to) {
    take(to, from);
    for (std::size_t axis = rank; axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < header.shape[axis]) break;
      from -= strides[axis] * static_cast<std::size_t>(header.shape[axis]);
      index[axis] = 0;
    }
  }
}

void swap_units(std::span<std::byte> bytes, std::size_t unit) {
  for (std::size_t at = 0; at < bytes.size(); at += unit) std::ranges::reverse(bytes.subspan(at, unit));
}

void read_numbers(Bytes elements, const NpyHeader& header, Tensor& tensor) {
  const std::span<std::byte> to = tensor.bytes();
  if (to.empty()) return;
  const std::size_t size = header.element_bytes;
  if (header.is_fortran_order && header.shape.rank() > 1) {
    for_each_element(header, tensor.element_count(), [&](std::size_t c, std::size_t f) {
      std::memcpy(to.data() + c * size, elements.data() + f * size, size);
    });
  } else {
    std::memcpy(to.data(), elements.data(), to.size());
  }
  if (header.is_big_endian) swap_units(to, unit_bytes(header));
  if (header.dtype == DType::boolean) {
    // A `bool` that is neither 0 nor 1 is undefined behaviour for whoever reads it.
    for (std::byte& value : to) value = std::byte{value != std::byte{0}};
  }
}

std::string text_of_bytes(Bytes element) {
  const std::string_view text(reinterpret_cast<const char*>(element.data()), element.size());
  const auto last = text.find_last_not_of('\0');
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

std::string text_of_utf32(Bytes element, bool is_big_endian) {
  std::string text;
  std::size_t without_padding = 0;
  for (std::size_t at = 0; at < element.size(); at += 4) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      value = (value << 8U) | std::to_integer<std::uint32_t>(element[at + (is_big_endian ? i : 3 - i)]);
    }
    if (!base::is_code_point(value)) {
      throw Error(ErrorCode::data_loss,
                  "an .npy file with text that is no Unicode: code point " + std::to_string(value));
    }
    base::append_utf8(text, value);
    if (value != 0) without_padding = text.size();
  }
  text.resize(without_padding);
  return text;
}

void read_text(Bytes elements, const NpyHeader& header, Tensor& tensor) {
  for_each_element(header, tensor.element_count(), [&](std::size_t c, std::size_t f) {
    const Bytes element = elements.subspan(f * header.element_bytes, header.element_bytes);
    tensor.strings()[c] = header.kind == NpyHeader::Kind::utf32 ? text_of_utf32(element, header.is_big_endian)
                                                                : text_of_bytes(element);
  });
}

std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return "|b1";
    case DType::int8:
      return "|i1";
    case DType::uint8:
      return "|u1";
    case DType::int16:
      return "<i2";
    case DType::uint16:
      return "<u2";
    case DType::int32:
      return "<i4";
    case DType::uint32:
      return "<u4";
    case DType::int64:
      return "<i8";
    case DType::uint64:
      return "<u8";
    case DType::float16:
      return "<f2";
    case DType::float32:
      return "<f4";
    case DType::float64:
      return "<f8";
    case DType::complex64:
      return "<c8";
    case DType::complex128:
      return "<c16";
    default:
      throw Error(ErrorCode::unimplemented, "NumPy has no type for " + std::string(to_string(dtype)) +
                                                "; write it as a .pb TensorProto or raw");
  }
}

// How strings are stored: as bytes, or as UTF-32 where all are text, each as long as the longest.
struct TextLayout {
  bool is_utf32 = true;
  std::size_t length = 1;
};

TextLayout text_layout(std::span<const std::string> strings) {
  TextLayout layout;
  layout.is_utf32 = std::ranges::all_of(strings, [](const std::string& text) { return base::is_utf8(text); });
  for (const std::string& text : strings) {
    if (text.ends_with('\0')) {
      throw Error(ErrorCode::unimplemented,
                  "a string that ends in NUL, which NumPy would lose; write it as a .pb TensorProto");
    }
    layout.length = std::max(layout.length, layout.is_utf32 ? base::code_points(text).size() : text.size());
  }
  return layout;
}

std::vector<std::byte> file_of(const std::string& header, std::size_t data_bytes) {
  std::vector<std::byte> file(header.size() + data_bytes);
  std::memcpy(file.data(), header.data(), header.size());
  return file;
}

std::vector<std::byte> write_text(const TensorView& view) {
  const TextLayout layout = text_layout(view.strings());
  const std::size_t element = layout.length * (layout.is_utf32 ? 4 : 1);
  // One long string makes all elements as long.
  constexpr auto kLargest = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / 2;
  if (view.element_count() != 0 && element > kLargest / view.element_count()) {
    throw Error(ErrorCode::resource_exhausted, std::to_string(view.element_count()) + " strings of up to " +
                                                   std::to_string(layout.length) +
                                                   " characters are too many for one .npy file");
  }
  const std::string header =
      npy_header_text((layout.is_utf32 ? "<U" : "|S") + std::to_string(layout.length), view.shape());
  std::vector<std::byte> file = file_of(header, element * view.element_count());
  std::byte* to = file.data() + header.size();
  for (const std::string& text : view.strings()) {
    if (layout.is_utf32) {
      const std::u32string points = base::code_points(text);
      if (!points.empty()) std::memcpy(to, points.data(), points.size() * 4);
    } else {
      std::memcpy(to, text.data(), text.size());
    }
    to += element;
  }
  return file;
}

}  // namespace

bool is_npy(Bytes file) noexcept {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.starts_with("\x93NUMPY");
}

Tensor read_npy(Bytes file, std::shared_ptr<Allocator> allocator) {
  const NpyHeader header = read_npy_header(file);
  const Bytes elements = elements_of(file, header);
  Tensor tensor(header.dtype, header.shape, std::move(allocator));
  if (header.kind == NpyHeader::Kind::number) {
    read_numbers(elements, header, tensor);
  } else {
    read_text(elements, header, tensor);
  }
  return tensor;
}

std::vector<std::byte> write_npy(const TensorView& view) {
  if (view.dtype() == DType::string) return write_text(view);
  const std::string header = npy_header_text(std::string(descr_of(view.dtype())), view.shape());
  std::vector<std::byte> file = file_of(header, view.bytes().size());
  if (!view.bytes().empty())
    std::memcpy(file.data() + header.size(), view.bytes().data(), view.bytes().size());
  return file;
}

}  // namespace onda::tensor
