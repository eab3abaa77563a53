#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "onda/error.h"
#include "onda/shape.h"

namespace onda {
namespace {

using Names = std::span<const std::string>;

// What one level makes of a given shape: a shape, or the reason why not.
struct Attempt {
  std::optional<Shape> shape;
  std::string reason;
  bool is_ambiguous = false;
};

bool fits(std::int64_t given, std::int64_t declared) {
  return declared == Shape::kDynamic || given == declared;
}

// `given` with 1s in front and behind until it has `rank` dimensions.
Shape padded(const Shape& given, std::size_t front, std::size_t rank) {
  std::vector<std::int64_t> dims(rank, 1);
  std::ranges::copy(given.dims(), dims.begin() + static_cast<std::ptrdiff_t>(front));
  return Shape(std::span<const std::int64_t>(dims));
}

std::string dimension(std::size_t axis, const Shape& declared, Names names) {
  std::string text = "dimension " + std::to_string(axis);
  if (axis < names.size() && !names[axis].empty() && declared[axis] == Shape::kDynamic)
    text += " (" + names[axis] + ")";
  return text;
}

std::string differing(std::size_t axis, std::int64_t given, const Shape& declared, Names names) {
  return dimension(axis, declared, names) + " is " + std::to_string(given) + ", expected " +
         std::to_string(declared[axis]);
}

std::string both(const Shape& given, const Shape& declared, Names names) {
  return "shape " + to_string(given) + " does not fit " + to_string(declared, names);
}

Attempt strictly(const Shape& given, const Shape& declared, Names names) {
  const std::size_t common = std::min(given.rank(), declared.rank());
  if (given.rank() == declared.rank()) {
    for (std::size_t axis = 0; axis < common; ++axis) {
      if (!fits(given[axis], declared[axis])) return {{}, differing(axis, given[axis], declared, names)};
    }
    return {given, {}};
  }
  const bool missing = given.rank() < declared.rank();
  return {{},
          "rank " + std::to_string(given.rank()) + ", expected " + std::to_string(declared.rank()) + ": " +
              dimension(common, missing ? declared : given, missing ? names : Names{}) +
              (missing ? " is missing" : " is one too many")};
}

// 1s added, or dropped, at either end. Where several placements fit and differ, none is meant: [6] is neither
// [1,6] nor [6,1] for [N,M].
Attempt by_ones(const Shape& given, const Shape& declared, Names names) {
  const bool adds = given.rank() < declared.rank();
  const std::size_t difference = adds ? declared.rank() - given.rank() : given.rank() - declared.rank();
  std::optional<Shape> found;
  for (std::size_t front = 0; front <= difference; ++front) {
    Shape candidate;
    if (adds) {
      candidate = padded(given, front, declared.rank());
    } else {
      const auto dims = given.dims();
      const auto kept = dims.subspan(front, declared.rank());
      candidate = Shape(kept);
      if (padded(candidate, front, given.rank()) != given) continue;
    }
    if (!strictly(candidate, declared, names).shape) continue;
    if (found && *found != candidate) {
      return {{},
              "it could be " + to_string(*found) + " or " + to_string(candidate) + "; give all dimensions",
              true};
    }
    found = candidate;
  }
  return {found, found ? "" : strictly(given, declared, names).reason};
}

// The one dynamic dimension as the count of elements determines it.
Attempt by_count(std::size_t elements, const Shape& declared, Names names) {
  const auto dims = declared.dims();
  const auto dynamic = std::ranges::find(dims, Shape::kDynamic);
  Shape shape = declared;
  if (dynamic == dims.end()) {
    if (shape.element_count() == elements) return {shape, {}};
    return {{}, std::to_string(elements) + " elements, expected " + std::to_string(shape.element_count())};
  }
  const auto axis = static_cast<std::size_t>(dynamic - dims.begin());
  shape[axis] = 1;
  const std::size_t each = shape.element_count();
  if (each == 0 || elements % each != 0) {
    return {{},
            std::to_string(elements) + " elements leave " + dimension(axis, declared, names) +
                " undetermined: " +
                (each == 0 ? "another dimension is 0" : "not a multiple of " + std::to_string(each))};
  }
  shape[axis] = static_cast<std::int64_t>(elements / each);
  return {shape, {}};
}

Attempt by_reshape(const Shape& given, std::size_t elements, const Shape& declared, Names names) {
  if (given.rank() == declared.rank()) return strictly(given, declared, names);
  Attempt ones = by_ones(given, declared, names);
  if (ones.shape || std::ranges::count(declared.dims(), Shape::kDynamic) > 1) return ones;
  return by_count(elements, declared, names);
}

// `candidate` towards the fixed dimensions of `declared`, which has its rank.
Attempt by_numpy(const Shape& candidate, const Shape& declared, Names names) {
  Shape shape = candidate;
  for (std::size_t axis = declared.rank(); axis-- > 0;) {
    if (fits(candidate[axis], declared[axis])) continue;
    if (candidate[axis] != 1) return {{}, differing(axis, candidate[axis], declared, names) + " or 1"};
    shape[axis] = declared[axis];
  }
  return {shape, {}};
}

Attempt by_broadcast(const Shape& given, const Shape& declared, Names names) {
  if (given.rank() > declared.rank()) return strictly(given, declared, names);
  if (given.rank() < declared.rank()) {
    // NumPy would put what is missing in front; a shape that fits as it is in several places stays refused.
    Attempt ones = by_ones(given, declared, names);
    if (ones.is_ambiguous) return ones;
  }
  return by_numpy(padded(given, declared.rank() - given.rank(), declared.rank()), declared, names);
}

Attempt attempt_level(const Shape& given, std::size_t elements, const Shape& declared, ShapePolicy level,
                      Names names) {
  switch (level) {
    case ShapePolicy::strict:
      return strictly(given, declared, names);
    case ShapePolicy::reshape:
      return by_reshape(given, elements, declared, names);
    case ShapePolicy::broadcast:
      return by_broadcast(given, declared, names);
  }
  throw Error(ErrorCode::invalid_argument, "no such shape policy");
}

void require_dimensions(const Shape& shape, std::string_view what) {
  const auto dims = shape.dims();
  const auto negative = std::ranges::find_if(dims, [](std::int64_t dim) { return dim < Shape::kDynamic; });
  if (negative == dims.end()) return;
  throw Error(ErrorCode::invalid_argument, std::string(what) + " shape " + to_string(shape) + ": dimension " +
                                               std::to_string(negative - dims.begin()) + " is negative");
}

// The largest part of the product that is known may already be too large.
void require_countable(const Shape& declared) {
  Shape known = declared;
  std::ranges::replace(known.dims(), Shape::kDynamic, std::int64_t{1});
  static_cast<void>(known.element_count());
}

// `given` with its -1 inferred from the count of elements.
Shape filled(const Shape& given, std::size_t elements, const Shape& declared, Names names) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::shape_mismatch, both(given, declared, names) + ": " + why);
  };
  const auto dims = given.dims();
  const auto unknown = std::ranges::find(dims, Shape::kDynamic);
  if (unknown == dims.end()) {
    const std::size_t count = given.element_count();
    if (count != elements) {
      refuse("it has " + std::to_string(count) + " elements, " + std::to_string(elements) + " were given");
    }
    return given;
  }
  if (std::ranges::count(dims, Shape::kDynamic) > 1) {
    throw Error(ErrorCode::invalid_argument,
                "shape " + to_string(given) + " leaves more than one dimension open");
  }
  const auto axis = static_cast<std::size_t>(unknown - dims.begin());
  Shape shape = given;
  shape[axis] = 1;
  const std::size_t each = shape.element_count();
  if (each == 0 || elements % each != 0) {
    refuse("dimension " + std::to_string(axis) + " cannot be inferred from " + std::to_string(elements) +
           " elements");
  }
  shape[axis] = static_cast<std::int64_t>(elements / each);
  return shape;
}

// What a laxer policy would have made of it, as a remedy.
std::string remedy(const Shape& given, std::size_t elements, const Shape& declared, ShapePolicy policy,
                   Names names) {
  for (const auto level : {ShapePolicy::reshape, ShapePolicy::broadcast}) {
    if (level <= policy) continue;
    const Attempt attempt = attempt_level(given, elements, declared, level, names);
    if (!attempt.shape) continue;
    return "; the shape policy " + std::string(to_string(level)) + " would make it " +
           to_string(*attempt.shape);
  }
  return {};
}

}  // namespace

ResolvedShape resolve_shape(const Shape& given, std::size_t elements, const Shape& declared,
                            ShapePolicy policy, Names names) {
  require_dimensions(given, "given");
  require_dimensions(declared, "declared");
  require_countable(declared);
  if (elements > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Error(ErrorCode::invalid_argument,
                std::to_string(elements) + " elements are more than a shape can hold");
  }
  const Shape whole = filled(given, elements, declared, names);
  std::string reason;
  for (const auto level : {ShapePolicy::strict, ShapePolicy::reshape, ShapePolicy::broadcast}) {
    if (level > policy) break;
    Attempt attempt = attempt_level(whole, elements, declared, level, names);
    if (attempt.shape) {
      const bool repeats = attempt.shape->element_count() != elements;
      return {std::move(*attempt.shape), whole, repeats};
    }
    reason = std::move(attempt.reason);
  }
  throw Error(ErrorCode::shape_mismatch, both(whole, declared, names) + " (shape policy " +
                                             std::string(to_string(policy)) + "): " + reason +
                                             remedy(whole, elements, declared, policy, names));
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  static_cast<void>(a.element_count());
  static_cast<void>(b.element_count());
  const std::size_t rank = std::max(a.rank(), b.rank());
  const Shape left = padded(a, rank - a.rank(), rank);
  const Shape right = padded(b, rank - b.rank(), rank);
  Shape common = left;
  for (std::size_t axis = rank; axis-- > 0;) {
    if (left[axis] == 1) common[axis] = right[axis];
    if (left[axis] == right[axis] || left[axis] == 1 || right[axis] == 1) continue;
    throw Error(ErrorCode::shape_mismatch, "shapes " + to_string(a) + " and " + to_string(b) +
                                               " do not broadcast: dimension " + std::to_string(axis) +
                                               " is " + std::to_string(left[axis]) + " and " +
                                               std::to_string(right[axis]));
  }
  static_cast<void>(common.element_count());
  return common;
}

}  // namespace onda
