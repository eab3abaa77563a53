#include "runtime/signature.h"

#include <algorithm>
#include <optional>
#include <string>

#include "onda/error.h"
#include "runtime/scratch.h"

namespace onda {

std::string_view to_string(ValueKind kind) noexcept {
  switch (kind) {
    case ValueKind::tensor:
      return "tensor";
    case ValueKind::sequence:
      return "sequence";
    case ValueKind::map:
      return "map";
    case ValueKind::optional:
      return "optional";
    case ValueKind::sparse_tensor:
      return "sparse tensor";
    case ValueKind::opaque:
      break;
  }
  return "opaque value";
}

namespace runtime {
namespace {

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string names_of(std::span<const ValueInfo> values) {
  constexpr std::size_t kMost = 12;
  std::string out;
  for (std::size_t i = 0; i < values.size() && i < kMost; ++i) {
    if (i > 0) out += ", ";
    out += in_quotes(values[i].name);
  }
  if (values.size() > kMost) out += ", … (" + std::to_string(values.size()) + " in all)";
  return values.empty() ? "none" : out;
}

/// Callers mostly give values in the model's order, so the hint mostly hits.
std::optional<std::size_t> find(std::span<const ValueInfo> values, std::string_view name, std::size_t hint) {
  if (hint < values.size() && values[hint].name == name) return hint;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == name) return i;
  }
  return std::nullopt;
}

std::size_t find_once(std::span<const ValueInfo> values, std::string_view name, std::size_t hint,
                      std::span<bool> seen, const char* what) {
  const auto index = find(values, name, hint);
  if (!index) {
    throw Error(ErrorCode::invalid_argument, std::string(what) + " " + in_quotes(name) +
                                                 " is not one of the model's: " + names_of(values));
  }
  if (seen[*index]) {
    throw Error(ErrorCode::invalid_argument, std::string(what) + " " + in_quotes(name) + " is given twice");
  }
  seen[*index] = true;
  return *index;
}

void require_dtype(const char* what, const ValueInfo& info, DType given) {
  if (info.kind != ValueKind::tensor) {
    throw Error(ErrorCode::unimplemented, std::string(what) + " " + in_quotes(info.name) + " is a " +
                                              std::string(to_string(info.kind)) +
                                              "; only tensors can be given");
  }
  if (info.dtype != given) {
    throw Error(ErrorCode::type_mismatch, std::string(what) + " " + in_quotes(info.name) + " is " +
                                              std::string(to_string(given)) + ", the model has " +
                                              std::string(to_string(info.dtype)));
  }
}

[[noreturn]] void throw_shape(const ValueInfo& info, const Shape& given, const std::string& why) {
  throw Error(ErrorCode::shape_mismatch, "input " + in_quotes(info.name) + ": shape " + to_string(given) +
                                             " " + why + ", the model expects " +
                                             to_string(info.shape, info.dimension_names));
}

}  // namespace

Signature::Signature(std::vector<ValueInfo> inputs, std::vector<ValueInfo> outputs)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
  std::vector<std::string> symbols;
  for (const ValueInfo& input : inputs_) {
    auto& numbers = symbols_.emplace_back();
    for (const std::string& name : input.dimension_names) {
      const auto found = std::find(symbols.begin(), symbols.end(), name);
      numbers.push_back(name.empty() ? kNoSymbol : static_cast<int>(found - symbols.begin()));
      if (!name.empty() && found == symbols.end()) symbols.push_back(name);
    }
  }
  symbol_count_ = symbols.size();
}

void Signature::check_inputs(std::span<const NamedView> given, std::span<std::size_t> which) const {
  struct Bound {
    std::int64_t size = -1;
    std::size_t input = 0;
  };
  Scratch<bool> seen(inputs_.size());
  Scratch<Bound> symbols(symbol_count_);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::size_t index = which[i] = find_once(inputs_, given[i].name, i, seen.span(), "input");
    const ValueInfo& info = inputs_[index];
    const Shape& shape = given[i].tensor.shape();
    require_dtype("input", info, given[i].tensor.dtype());
    if (!info.has_shape) continue;
    if (shape.rank() != info.shape.rank()) {
      throw_shape(info, shape, "has rank " + std::to_string(shape.rank()));
    }
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      if (info.shape[axis] != Shape::kDynamic && info.shape[axis] != shape[axis]) {
        throw_shape(info, shape,
                    "has " + std::to_string(shape[axis]) + " in dimension " + std::to_string(axis));
      }
      const int number = symbols_[index][axis];
      if (number == kNoSymbol) continue;
      Bound& bound = symbols[static_cast<std::size_t>(number)];
      if (bound.size < 0) bound = {shape[axis], index};
      if (bound.size != shape[axis]) {
        throw_shape(info, shape,
                    "has " + std::to_string(shape[axis]) + " for dimension " + info.dimension_names[axis] +
                        ", which is " + std::to_string(bound.size) + " in input " +
                        in_quotes(inputs_[bound.input].name));
      }
    }
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (seen[i] || inputs_[i].optional) continue;
    if (inputs_[i].kind == ValueKind::optional) continue;
    throw Error(ErrorCode::invalid_argument, "input " + in_quotes(inputs_[i].name) +
                                                 " is missing; the model's inputs are " + names_of(inputs_));
  }
}

void Signature::check_outputs(std::span<const NamedMutableView> lent, std::span<std::size_t> which) const {
  Scratch<bool> seen(outputs_.size());
  for (std::size_t i = 0; i < lent.size(); ++i) {
    which[i] = find_once(outputs_, lent[i].name, i, seen.span(), "output");
    require_dtype("output", outputs_[which[i]], lent[i].tensor.dtype());
  }
}

void Signature::require_tensor_outputs() const {
  for (const ValueInfo& output : outputs_) {
    if (output.kind != ValueKind::tensor) {
      throw Error(ErrorCode::unimplemented, "output " + in_quotes(output.name) + " is a " +
                                                std::string(to_string(output.kind)) +
                                                "; only tensors can be returned");
    }
  }
}

}  // namespace runtime
}  // namespace onda
