#include "onda/tensor.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <new>

namespace onda {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors' bytes are little-endian, and used as they are");

void require_fixed_size(DType dtype, std::string_view what) {
  if (is_fixed_size(dtype)) return;
  throw Error(ErrorCode::type_mismatch,
              std::string(what) + " of dtype " + std::string(to_string(dtype)) + " cannot hold bytes");
}

[[noreturn]] void refuse_size(DType dtype, const Shape& shape, std::size_t needed, std::size_t given) {
  throw Error(ErrorCode::shape_mismatch, std::string(to_string(dtype)) + " " + to_string(shape) + " needs " +
                                             std::to_string(needed) + " bytes, " + std::to_string(given) +
                                             " were given");
}

// Gives an allocator's block back; keeps the allocator alive until then.
struct BlockDeleter {
  std::shared_ptr<Allocator> allocator;
  std::size_t bytes;
  void operator()(void* block) const noexcept { allocator->deallocate(block, bytes); }
};

// Where `std::vector` would throw length_error or bad_alloc, the caller asked for too much.
std::vector<std::string> make_strings(std::size_t count) {
  try {
    std::vector<std::string> strings;
    if (count <= strings.max_size()) {
      strings.resize(count);
      return strings;
    }
  } catch (const std::bad_alloc&) {
  }
  throw Error(ErrorCode::resource_exhausted, "cannot allocate " + std::to_string(count) + " strings");
}

}  // namespace

TensorView::TensorView(DType dtype, Shape shape, std::span<const std::byte> bytes)
    : dtype_(dtype), shape_(std::move(shape)), elements_(shape_.element_count()), bytes_(bytes) {
  require_fixed_size(dtype, "a view");
  const std::size_t needed = byte_size(dtype, elements_);
  if (bytes.size() != needed) refuse_size(dtype, shape_, needed, bytes.size());
}

TensorView::TensorView(Shape shape, std::span<const std::string> strings)
    : dtype_(DType::string), shape_(std::move(shape)), elements_(shape_.element_count()), strings_(strings) {
  if (strings.size() == elements_) return;
  throw Error(ErrorCode::shape_mismatch, "string " + to_string(shape_) + " needs " +
                                             std::to_string(elements_) + " strings, " +
                                             std::to_string(strings.size()) + " were given");
}

void TensorView::require_elements(DType dtype, std::size_t alignment) const {
  if (dtype != dtype_) {
    throw Error(ErrorCode::type_mismatch, "a tensor of dtype " + std::string(to_string(dtype_)) +
                                              " was read as " + std::string(to_string(dtype)));
  }
  if (reinterpret_cast<std::uintptr_t>(bytes_.data()) % alignment == 0) return;
  throw Error(ErrorCode::type_mismatch, "a tensor's bytes are not aligned for " +
                                            std::string(to_string(dtype)) +
                                            "; read them with bytes(), or copy the tensor");
}

MutableTensorView::MutableTensorView(DType dtype, Shape shape, std::span<std::byte> bytes)
    : dtype_(dtype), shape_(std::move(shape)) {
  require_fixed_size(dtype, "a buffer");
  const std::size_t needed = byte_size(dtype, shape_.element_count());
  if (bytes.size() < needed) refuse_size(dtype, shape_, needed, bytes.size());
  bytes_ = bytes;
}

TensorView MutableTensorView::view() const {
  if (dtype_ == DType::undefined) return {};
  return {dtype_, shape_, bytes_.first(byte_size(dtype_, shape_.element_count()))};
}

Tensor::Tensor(DType dtype, Shape shape, std::shared_ptr<Allocator> allocator) {
  const std::size_t elements = shape.element_count();
  if (dtype == DType::string) {
    strings_ = make_strings(elements);
  } else {
    const std::size_t size = byte_size(dtype, elements);
    void* block = allocator->allocate(size);
    // Should making the owner fail, it gives the block back.
    owner_ = std::shared_ptr<void>(block, BlockDeleter{std::move(allocator), size});
    bytes_ = {static_cast<std::byte*>(block), size};
  }
  dtype_ = dtype;
  shape_ = std::move(shape);
  elements_ = elements;
}

Tensor::Tensor(Tensor&& other) noexcept
    : dtype_(std::exchange(other.dtype_, DType::undefined)),
      shape_(std::move(other.shape_)),
      elements_(std::exchange(other.elements_, 0)),
      bytes_(std::exchange(other.bytes_, {})),
      strings_(std::exchange(other.strings_, {})),
      owner_(std::move(other.owner_)) {}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  if (this == &other) return *this;
  dtype_ = std::exchange(other.dtype_, DType::undefined);
  shape_ = std::move(other.shape_);
  elements_ = std::exchange(other.elements_, 0);
  bytes_ = std::exchange(other.bytes_, {});
  strings_ = std::exchange(other.strings_, {});
  owner_ = std::move(other.owner_);
  return *this;
}

Tensor Tensor::copy_of(const TensorView& view, std::shared_ptr<Allocator> allocator) {
  if (view.dtype() == DType::undefined) return {};
  Tensor copy(view.dtype(), view.shape(), std::move(allocator));
  if (view.dtype() == DType::string) {
    copy.strings_.assign(view.strings().begin(), view.strings().end());
  } else if (!copy.bytes_.empty()) {
    std::memcpy(copy.bytes_.data(), view.bytes().data(), copy.bytes_.size());
  }
  return copy;
}

Tensor Tensor::of_strings(Shape shape, std::vector<std::string> values) {
  const TensorView checked(shape, values);
  Tensor tensor;
  tensor.dtype_ = DType::string;
  tensor.elements_ = checked.element_count();
  tensor.shape_ = std::move(shape);
  tensor.strings_ = std::move(values);
  return tensor;
}

Tensor Tensor::adopt(DType dtype, Shape shape, std::span<std::byte> bytes, std::shared_ptr<void> owner) {
  const TensorView checked(dtype, shape, bytes);
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.elements_ = checked.element_count();
  tensor.shape_ = std::move(shape);
  tensor.bytes_ = bytes;
  tensor.owner_ = std::move(owner);
  return tensor;
}

Tensor Tensor::clone(std::shared_ptr<Allocator> allocator) const {
  return copy_of(view(), std::move(allocator));
}

TensorView Tensor::view() const {
  if (dtype_ == DType::undefined) return {};
  if (dtype_ == DType::string) return {shape_, strings_};
  return {dtype_, shape_, bytes_};
}

MutableTensorView Tensor::mutable_view() {
  if (dtype_ == DType::undefined) return {};
  return {dtype_, shape_, bytes_};
}

Tensor Tensor::reshaped(Shape shape) && {
  const std::size_t elements = dtype_ == DType::undefined ? elements_ + 1 : shape.element_count();
  if (elements != elements_) {
    throw Error(ErrorCode::shape_mismatch, std::string(to_string(dtype_)) + " " + to_string(shape_) + " of " +
                                               std::to_string(elements_) +
                                               " elements cannot be reshaped to " + to_string(shape));
  }
  Tensor result = std::move(*this);
  result.shape_ = std::move(shape);
  return result;
}

}  // namespace onda
