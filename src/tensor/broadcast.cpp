#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "onda/error.h"
#include "onda/tensor.h"
#include "tensor/packed_elements.h"

namespace onda {
namespace {

// The source's dimensions, with 1s in front until it has the target's rank.
std::vector<std::int64_t> aligned_dims(const Shape& source, const Shape& target) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::shape_mismatch,
                "shape " + to_string(source) + " cannot be broadcast to " + to_string(target) + ": " + why);
  };
  if (source.rank() > target.rank()) {
    refuse("rank " + std::to_string(source.rank()) + " is higher than " + std::to_string(target.rank()));
  }
  std::vector<std::int64_t> dims(target.rank(), 1);
  std::ranges::copy(source.dims(), dims.end() - static_cast<std::ptrdiff_t>(source.rank()));
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == target[axis] || dims[axis] == 1) continue;
    refuse("dimension " + std::to_string(axis) + " is " + std::to_string(dims[axis]) + ", expected " +
           std::to_string(target[axis]) + " or 1");
  }
  return dims;
}

// Fills the target axis by axis, in whole blocks: what the source has is copied at once, what it repeats is
// copied from the target, doubling.
class BlockCopy {
 public:
  BlockCopy(std::span<const std::int64_t> source, std::span<const std::int64_t> target,
            std::size_t element_bytes)
      : source_(source), target_(target), source_bytes_(source.size() + 1), target_bytes_(target.size() + 1) {
    source_bytes_.back() = target_bytes_.back() = element_bytes;
    for (std::size_t axis = source.size(); axis-- > 0;) {
      source_bytes_[axis] = source_bytes_[axis + 1] * static_cast<std::size_t>(source[axis]);
      target_bytes_[axis] = target_bytes_[axis + 1] * static_cast<std::size_t>(target[axis]);
    }
  }

  // Of the axes from `axis` on. None of the target's dimensions is 0.
  void fill(std::size_t axis, const std::byte* from, std::byte* to) const {
    if (source_bytes_[axis] == target_bytes_[axis]) {
      std::memcpy(to, from, target_bytes_[axis]);
    } else if (source_[axis] == target_[axis]) {
      for (std::int64_t i = 0; i < target_[axis]; ++i) {
        fill(axis + 1, from, to);
        from += source_bytes_[axis + 1];
        to += target_bytes_[axis + 1];
      }
    } else {
      fill(axis + 1, from, to);
      repeat(to, target_bytes_[axis + 1], target_bytes_[axis]);
    }
  }

 private:
  static void repeat(std::byte* to, std::size_t done, std::size_t whole) {
    while (done < whole) {
      const std::size_t next = std::min(done, whole - done);
      std::memcpy(to + done, to, next);
      done += next;
    }
  }

  std::span<const std::int64_t> source_;
  std::span<const std::int64_t> target_;
  std::vector<std::size_t> source_bytes_;  // bytes of the axes from here on; one element at the end
  std::vector<std::size_t> target_bytes_;
};

// Calls `copy(to, from)` with the indices of each element of the target and of its origin, in order.
template <class Copy>
void for_each_element(std::span<const std::int64_t> source, std::span<const std::int64_t> target,
                      std::size_t count, Copy&& copy) {
  // How far the origin moves with a step along each axis: 0 where it is repeated.
  std::vector<std::size_t> steps(source.size(), 0);
  std::size_t stride = 1;
  for (std::size_t axis = source.size(); axis-- > 0;) {
    if (source[axis] != 1) steps[axis] = stride;
    stride *= static_cast<std::size_t>(source[axis]);
  }
  std::vector<std::int64_t> index(target.size(), 0);
  std::size_t from = 0;
  for (std::size_t to = 0; to < count; ++to) {
    copy(to, from);
    for (std::size_t axis = target.size(); axis-- > 0;) {
      from += steps[axis];
      if (++index[axis] < target[axis]) break;
      from -= steps[axis] * static_cast<std::size_t>(target[axis]);
      index[axis] = 0;
    }
  }
}

}  // namespace

Tensor broadcast_to(const TensorView& view, const Shape& shape, std::shared_ptr<Allocator> allocator) {
  if (view.dtype() == DType::undefined)
    throw Error(ErrorCode::invalid_argument, "an empty tensor cannot be broadcast");
  const std::size_t count = shape.element_count();
  const std::vector<std::int64_t> source = aligned_dims(view.shape(), shape);
  Tensor result(view.dtype(), shape, std::move(allocator));
  if (count == 0) return result;
  const std::size_t width = bits(view.dtype());
  if (view.dtype() == DType::string) {
    for_each_element(source, shape.dims(), count,
                     [&](std::size_t to, std::size_t from) { result.strings()[to] = view.strings()[from]; });
  } else if (width < 8) {
    const std::span<std::byte> bytes = result.bytes();
    std::ranges::fill(bytes, std::byte{0});
    for_each_element(source, shape.dims(), count, [&](std::size_t to, std::size_t from) {
      tensor::set_packed_element(bytes, width, to, tensor::packed_element(view.bytes(), width, from));
    });
  } else {
    BlockCopy(source, shape.dims(), width / 8).fill(0, view.bytes().data(), result.bytes().data());
  }
  return result;
}

Tensor fit_to_shape(Tensor tensor, const Shape& declared, ShapePolicy policy,
                    std::span<const std::string> names) {
  if (tensor.dtype() == DType::undefined)
    throw Error(ErrorCode::invalid_argument, "an empty tensor has no shape to fit");
  const ResolvedShape resolved =
      resolve_shape(tensor.shape(), tensor.element_count(), declared, policy, names);
  if (resolved.needs_broadcast) return broadcast_to(tensor.view(), resolved.shape);
  return std::move(tensor).reshaped(resolved.shape);
}

}  // namespace onda
