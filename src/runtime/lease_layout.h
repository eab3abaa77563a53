#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/session.h"

namespace onda::runtime {

/// What a pool's buffers of one model look like: which dimensions are fixed, which share a size. Immutable;
/// safe from any thread.
class LeaseLayout {
 public:
  /// A value whose buffer is lent.
  struct Value {
    std::size_t index = 0;  ///< among the session's inputs, or its outputs
    std::string_view name;  ///< the session's
    DType dtype = DType::undefined;
    Shape declared;
    std::vector<std::size_t> symbols;  ///< for each dimension; kFixed where it has a size
  };
  static constexpr std::size_t kFixed = static_cast<std::size_t>(-1);
  static constexpr std::int64_t kUnknown = -1;

  /// Borrows the names. Throws unimplemented as TensorPool says.
  LeaseLayout(std::span<const ValueInfo> inputs, std::span<const ValueInfo> outputs);

  /// Those that must be given.
  [[nodiscard]] std::span<const Value> inputs() const noexcept { return inputs_; }
  /// Those whose shapes follow from the inputs'.
  [[nodiscard]] std::span<const Value> outputs() const noexcept { return outputs_; }
  /// How many sizes a request has.
  [[nodiscard]] std::size_t symbol_count() const noexcept { return names_.size(); }

  /// `sizes[symbol]`, all kUnknown before. Throws invalid_argument for an unknown name.
  void set_size(std::string_view name, std::int64_t size, std::span<std::int64_t> sizes) const;
  /// For the first dimension of each input, where it is dynamic. Throws invalid_argument where none is and
  /// the fixed one differs.
  void set_batch(std::int64_t size, std::span<std::int64_t> sizes) const;
  /// Throws shape_mismatch where the shapes do not fit.
  void set_shapes(std::span<const Shape> shapes, std::span<std::int64_t> sizes) const;
  /// Of input `i` alone.
  void set_shape(std::size_t i, const Shape& shape, std::span<std::int64_t> sizes) const;
  /// Throws invalid_argument for a size that is missing or negative.
  void require_all(std::span<const std::int64_t> sizes) const;

  [[nodiscard]] static Shape shape_of(const Value& value, std::span<const std::int64_t> sizes);

 private:
  [[nodiscard]] std::size_t symbol_of(std::string_view name) const noexcept;
  [[nodiscard]] std::string describe(std::size_t symbol) const;

  std::vector<Value> inputs_;
  std::vector<Value> outputs_;
  std::vector<std::string_view> names_;  // of the symbols; a dimension without a name has a symbol of its own
};

}  // namespace onda::runtime
