#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "onda/allocator.h"
#include "onda/dtype.h"
#include "onda/error.h"
#include "onda/shape.h"

namespace onda {

/// A borrowed tensor: dtype, shape and either bytes (C order, host memory, little-endian) or strings.
/// Copies are cheap and borrow the same elements; whoever stores a view says what keeps them alive.
/// No alignment is asked for.
class TensorView {
 public:
  TensorView() = default;
  /// Throws shape_mismatch when `bytes` is not exactly what dtype and shape need, type_mismatch for strings.
  TensorView(DType dtype, Shape shape, std::span<const std::byte> bytes);
  /// Throws shape_mismatch when the count differs.
  TensorView(Shape shape, std::span<const std::string> strings);
  /// Borrows `values`; throws shape_mismatch when the count differs.
  template <class T>
  static TensorView of(Shape shape, std::span<const T> values) {
    static_assert(dtype_of<T> != DType::undefined);
    return TensorView(dtype_of<T>, std::move(shape), std::as_bytes(values));
  }

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t element_count() const noexcept { return elements_; }
  /// Empty for strings.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// Empty for all but strings.
  [[nodiscard]] std::span<const std::string> strings() const noexcept { return strings_; }

  /// The elements. Throws type_mismatch when `T` is not the dtype's type, and when the bytes are not aligned
  /// for it.
  template <class T>
  [[nodiscard]] std::span<const T> as() const {
    require_elements(dtype_of<T>, alignof(T));
    return {reinterpret_cast<const T*>(bytes_.data()), elements_};
  }

 private:
  void require_elements(DType dtype, std::size_t alignment) const;

  DType dtype_ = DType::undefined;
  Shape shape_;
  std::size_t elements_ = 0;
  std::span<const std::byte> bytes_;
  std::span<const std::string> strings_;
};

/// A borrowed tensor that is written to: what a caller lends for an output. Fixed-size elements only.
class MutableTensorView {
 public:
  MutableTensorView() = default;
  /// `bytes` may be larger than dtype and shape need, not smaller (shape_mismatch); no strings
  /// (type_mismatch).
  MutableTensorView(DType dtype, Shape shape, std::span<std::byte> bytes);
  template <class T>
  static MutableTensorView of(Shape shape, std::span<T> values) {
    static_assert(dtype_of<T> != DType::undefined);
    return MutableTensorView(dtype_of<T>, std::move(shape), std::as_writable_bytes(values));
  }

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] TensorView view() const;
  /// The elements, to write. Throws as TensorView::as.
  template <class T>
  [[nodiscard]] std::span<T> as() const {
    const auto read = view().as<T>();
    return {const_cast<T*>(read.data()), read.size()};
  }

 private:
  DType dtype_ = DType::undefined;
  Shape shape_;
  std::span<std::byte> bytes_;
};

/// An owned tensor. It moves, does not copy (`clone` does), and gives its buffer back to whatever made it:
/// an Allocator, or the runtime whose output it is. It may outlive the session that it came from, and be
/// destroyed on any thread. Reading from several threads at once is safe, writing is the caller's to order.
class Tensor {
 public:
  /// Empty: undefined dtype, no elements.
  Tensor() = default;

  /// Uninitialised elements from `allocator`; for strings, empty ones (on the heap). Throws
  /// resource_exhausted, and invalid_argument for a shape that is none.
  Tensor(DType dtype, Shape shape, std::shared_ptr<Allocator> allocator = system_allocator());

  /// A copy of `view`.
  static Tensor copy_of(const TensorView& view, std::shared_ptr<Allocator> allocator = system_allocator());
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values) {
    return copy_of(TensorView::of<T>(std::move(shape), values));
  }
  static Tensor of_strings(Shape shape, std::vector<std::string> values);

  /// Takes over elements that `owner` keeps alive (an output of the runtime, a mapping).
  static Tensor adopt(DType dtype, Shape shape, std::span<std::byte> bytes, std::shared_ptr<void> owner);

  /// What was moved from is empty.
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor&& other) noexcept;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() = default;

  [[nodiscard]] Tensor clone(std::shared_ptr<Allocator> allocator = system_allocator()) const;

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] std::size_t element_count() const noexcept { return elements_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() noexcept { return bytes_; }
  [[nodiscard]] std::span<const std::string> strings() const noexcept { return strings_; }
  [[nodiscard]] std::span<std::string> strings() noexcept { return strings_; }

  template <class T>
  [[nodiscard]] std::span<const T> as() const {
    return view().as<T>();
  }
  template <class T>
  [[nodiscard]] std::span<T> as() {
    const auto read = view().as<T>();
    return {const_cast<T*>(read.data()), read.size()};
  }

  /// Valid as long as this tensor is neither destroyed nor moved from.
  [[nodiscard]] TensorView view() const;
  [[nodiscard]] MutableTensorView mutable_view();
  operator TensorView() const { return view(); }  // NOLINT: a tensor is usable wherever a view is

  /// The same elements under another shape of as many elements (shape_mismatch otherwise); no copy.
  [[nodiscard]] Tensor reshaped(Shape shape) &&;

 private:
  DType dtype_ = DType::undefined;
  Shape shape_;
  std::size_t elements_ = 0;
  std::span<std::byte> bytes_;
  std::vector<std::string> strings_;
  std::shared_ptr<void> owner_;
};

/// `view` repeated to `shape` by NumPy's rules, materialised. Throws shape_mismatch. All dtypes.
[[nodiscard]] Tensor broadcast_to(const TensorView& view, const Shape& shape,
                                  std::shared_ptr<Allocator> allocator = system_allocator());

/// `tensor` as the model's declared shape wants it: renamed without a copy where the elements stay in order,
/// materialised where they are repeated. See `resolve_shape` for the errors.
[[nodiscard]] Tensor fit_to_shape(Tensor tensor, const Shape& declared, ShapePolicy policy,
                                  std::span<const std::string> names = {});

}  // namespace onda
