#include "runtime/lease_layout.h"

#include <algorithm>

#include "onda/error.h"

namespace onda::runtime {
namespace {

[[noreturn]] void refuse(ErrorCode code, std::string_view input, const std::string& what) {
  throw Error(code, "input \"" + std::string(input) + "\": " + what);
}

void require_lendable(const ValueInfo& input) {
  if (input.kind != ValueKind::tensor) {
    refuse(ErrorCode::unimplemented, input.name,
           "is a " + std::string(to_string(input.kind)) + "; a pool has tensors");
  }
  if (!is_fixed_size(input.dtype)) {
    refuse(ErrorCode::unimplemented, input.name,
           "is of " + std::string(to_string(input.dtype)) + "; a pool has elements of a fixed size");
  }
  if (!input.has_shape) {
    refuse(ErrorCode::unimplemented, input.name,
           "the model does not tell its rank; give tensors of your own");
  }
}

LeaseLayout::Value value_of(std::size_t index, const ValueInfo& info) {
  return {index, info.name, info.dtype, info.shape,
          std::vector<std::size_t>(info.shape.rank(), LeaseLayout::kFixed)};
}

}  // namespace

LeaseLayout::LeaseLayout(std::span<const ValueInfo> inputs, std::span<const ValueInfo> outputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ValueInfo& info = inputs[i];
    if (info.optional) continue;
    require_lendable(info);
    Value value = value_of(i, info);
    for (std::size_t axis = 0; axis < info.shape.rank(); ++axis) {
      if (info.shape[axis] >= 0) continue;
      const std::string_view name =
          axis < info.dimension_names.size() ? std::string_view(info.dimension_names[axis]) : "";
      value.symbols[axis] = symbol_of(name);
      if (value.symbols[axis] != kFixed) continue;
      value.symbols[axis] = names_.size();
      names_.push_back(name);
    }
    inputs_.push_back(std::move(value));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const ValueInfo& info = outputs[i];
    if (info.kind != ValueKind::tensor || !is_fixed_size(info.dtype) || !info.has_shape) continue;
    Value value = value_of(i, info);
    bool follows = true;
    for (std::size_t axis = 0; axis < info.shape.rank(); ++axis) {
      if (info.shape[axis] >= 0) continue;
      value.symbols[axis] =
          axis < info.dimension_names.size() ? symbol_of(info.dimension_names[axis]) : kFixed;
      follows = follows && value.symbols[axis] != kFixed;
    }
    if (follows) outputs_.push_back(std::move(value));
  }
}

std::size_t LeaseLayout::symbol_of(std::string_view name) const noexcept {
  if (name.empty()) return kFixed;
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? kFixed : static_cast<std::size_t>(found - names_.begin());
}

/// "dimension "N" of input "x"".
std::string LeaseLayout::describe(std::size_t symbol) const {
  for (const Value& input : inputs_) {
    const auto found = std::find(input.symbols.begin(), input.symbols.end(), symbol);
    if (found == input.symbols.end()) continue;
    const auto axis = std::to_string(found - input.symbols.begin());
    const auto name = names_[symbol].empty() ? axis : '"' + std::string(names_[symbol]) + '"';
    return "dimension " + name + " of input \"" + std::string(input.name) + '"';
  }
  return "a dimension";
}

void LeaseLayout::set_size(std::string_view name, std::int64_t size, std::span<std::int64_t> sizes) const {
  const std::size_t symbol = symbol_of(name);
  if (symbol == kFixed) {
    throw Error(ErrorCode::invalid_argument,
                "no input has a dynamic dimension named \"" + std::string(name) + '"');
  }
  if (size < 0) {
    throw Error(ErrorCode::invalid_argument,
                describe(symbol) + " is " + std::to_string(size) + "; expected 0 or more");
  }
  sizes[symbol] = size;
}

void LeaseLayout::set_batch(std::int64_t size, std::span<std::int64_t> sizes) const {
  if (size < 0) {
    throw Error(ErrorCode::invalid_argument, "the batch is " + std::to_string(size) + "; expected 0 or more");
  }
  bool is_taken = inputs_.empty();
  for (const Value& input : inputs_) {
    if (input.declared.rank() == 0) continue;
    if (input.symbols[0] != kFixed) sizes[input.symbols[0]] = size;
    is_taken = is_taken || input.symbols[0] != kFixed || input.declared[0] == size;
  }
  if (!is_taken) {
    throw Error(ErrorCode::invalid_argument,
                "the batch is " + std::to_string(size) +
                    ", but the first dimension of each input is fixed, that of \"" +
                    std::string(inputs_.front().name) + "\" in " + to_string(inputs_.front().declared));
  }
}

void LeaseLayout::set_shapes(std::span<const Shape> shapes, std::span<std::int64_t> sizes) const {
  if (shapes.size() != inputs_.size()) {
    throw Error(ErrorCode::invalid_argument, std::to_string(shapes.size()) +
                                                 " shapes were given, the model has " +
                                                 std::to_string(inputs_.size()) + " inputs");
  }
  for (std::size_t i = 0; i < shapes.size(); ++i) set_shape(i, shapes[i], sizes);
}

void LeaseLayout::set_shape(std::size_t i, const Shape& shape, std::span<std::int64_t> sizes) const {
  const Value& input = inputs_[i];
  const auto refuse_shape = [&] {
    refuse(ErrorCode::shape_mismatch, input.name,
           "shape " + to_string(shape) + " does not fit the model's " + to_string(input.declared));
  };
  if (shape.rank() != input.declared.rank()) refuse_shape();
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t size = shape[axis];
    if (input.symbols[axis] == kFixed) {
      if (size != input.declared[axis]) refuse_shape();
      continue;
    }
    std::int64_t& known = sizes[input.symbols[axis]];
    if (size < 0) refuse_shape();
    if (known != kUnknown && known != size) {
      throw Error(ErrorCode::shape_mismatch, describe(input.symbols[axis]) + " is " + std::to_string(known) +
                                                 ", in input \"" + std::string(input.name) + "\" it is " +
                                                 std::to_string(size));
    }
    known = size;
  }
}

void LeaseLayout::require_all(std::span<const std::int64_t> sizes) const {
  for (std::size_t symbol = 0; symbol < sizes.size(); ++symbol) {
    if (sizes[symbol] != kUnknown) continue;
    throw Error(ErrorCode::invalid_argument,
                describe(symbol) + " has no size; give one, or the inputs' shapes");
  }
}

Shape LeaseLayout::shape_of(const Value& value, std::span<const std::int64_t> sizes) {
  Shape shape = value.declared;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (value.symbols[axis] != kFixed) shape[axis] = sizes[value.symbols[axis]];
  }
  return shape;
}

}  // namespace onda::runtime
