#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "onda/dtype.h"
#include "onda/tensor.h"

namespace onda::cli {

/// Appends element `index` as JSON: a number (NaN and Infinity as Python writes them), true or false, a
/// string, or a complex number as [re, im].
void append_element(std::string& out, const TensorView& tensor, std::size_t index);

/// Elements of one fixed-size dtype, collected one after the other, packed as ONNX packs them.
class ElementBuffer {
 public:
  explicit ElementBuffer(DType dtype) : dtype_(dtype) {}

  /// Reads `token`, a JSON number, true, false, NaN, Infinity or -Infinity. Throws invalid_argument for what
  /// is none or does not fit the dtype: nothing is rounded to a whole number, cut off or wrapped. Complex
  /// types take two tokens an element.
  void append(std::string_view token);

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  /// Tokens so far.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  template <class T>
  void push(T value);
  void push_bits(std::uint32_t pattern);

  DType dtype_;
  std::size_t size_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace onda::cli
