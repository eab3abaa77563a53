#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onda {

/// The dimensions of a tensor, outermost first. A tensor's own shape has no negative dimension; a declared
/// shape (of a model) uses `kDynamic` for what may vary. Rank 0 is a scalar. Up to `kInlineRank`
/// dimensions are stored without a heap allocation.
class Shape {
 public:
  static constexpr std::int64_t kDynamic = -1;
  static constexpr std::size_t kInlineRank = 6;
  /// More than any operator takes; a bound for what comes from outside.
  static constexpr std::size_t kMaxRank = 64;

  Shape() noexcept = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  /// Throws invalid_argument when there are more than `kMaxRank` dimensions.
  explicit Shape(std::span<const std::int64_t> dims);

  Shape(const Shape&) = default;
  Shape& operator=(const Shape&) = default;
  /// What was moved from is a scalar's shape.
  Shape(Shape&& other) noexcept;
  Shape& operator=(Shape&& other) noexcept;
  ~Shape() = default;

  [[nodiscard]] std::size_t rank() const noexcept { return rank_; }
  [[nodiscard]] std::span<const std::int64_t> dims() const noexcept { return {data(), rank_}; }
  [[nodiscard]] std::span<std::int64_t> dims() noexcept { return {data(), rank_}; }
  [[nodiscard]] std::int64_t operator[](std::size_t axis) const noexcept { return data()[axis]; }
  [[nodiscard]] std::int64_t& operator[](std::size_t axis) noexcept { return data()[axis]; }

  /// The product of the dimensions; 1 for a scalar, 0 when one is 0.
  /// Throws invalid_argument for a negative dimension and when the product (of the non-zero
  /// dimensions, as in NumPy) exceeds the range of int64_t.
  [[nodiscard]] std::size_t element_count() const;

  friend bool operator==(const Shape& a, const Shape& b) noexcept;

 private:
  [[nodiscard]] const std::int64_t* data() const noexcept {
    return rank_ <= kInlineRank ? inline_ : heap_.data();
  }
  [[nodiscard]] std::int64_t* data() noexcept { return rank_ <= kInlineRank ? inline_ : heap_.data(); }

  // First: copying it may throw, and must do so before `rank_` has changed.
  std::vector<std::int64_t> heap_;
  std::size_t rank_ = 0;
  std::int64_t inline_[kInlineRank] = {};
};

/// "[1,3,224,224]"; a dynamic dimension is "?". `names` (may be shorter, entries may be empty) replaces it:
/// "[N,3,224,224]".
[[nodiscard]] std::string to_string(const Shape& shape, std::span<const std::string> names = {});

/// Reads "1,3,224,224", "[1, 3]", "1x3x224"; -1 and ? are dynamic; "" and "[]" are a scalar.
/// Throws invalid_argument.
[[nodiscard]] Shape parse_shape(std::string_view text);

/// How far `resolve_shape` may go from what was given to what a model declares. Each level includes those
/// before it.
enum class ShapePolicy {
  strict,     ///< equal rank, each dimension equal or dynamic
  reshape,    ///< also 1s added or dropped at either end, or one dynamic dimension inferred from the count
  broadcast,  ///< also NumPy's rules towards fixed dimensions
};

[[nodiscard]] std::string_view to_string(ShapePolicy policy) noexcept;
/// Throws invalid_argument and names the choices.
[[nodiscard]] ShapePolicy parse_shape_policy(std::string_view text);

/// The shape that a model sees, and whether the data must be repeated to fill it.
struct ResolvedShape {
  Shape shape;
  /// What was given, with its -1 inferred.
  Shape given;
  /// The data hold `given.element_count()` elements and must be materialised by `broadcast_to`.
  bool needs_broadcast = false;
};

/// Fits `given` (at most one -1, inferred from `elements`) to `declared` (any number of dynamic
/// dimensions). Levels are tried in the order strict, reshape, broadcast; the first that fits decides.
/// Same rank is never reshaped. Throws shape_mismatch with both shapes and the dimension at fault (also when
/// `elements` does not fill `given`), invalid_argument for what is no shape (two -1, overflow).
/// Pure; safe from any thread.
[[nodiscard]] ResolvedShape resolve_shape(const Shape& given, std::size_t elements, const Shape& declared,
                                          ShapePolicy policy, std::span<const std::string> names = {});

/// The common shape of two by NumPy's rules. Throws shape_mismatch with both shapes and the dimension.
[[nodiscard]] Shape broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace onda
