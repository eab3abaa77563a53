#include "onda/shape.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/quoted.h"
#include "onda/error.h"

namespace onda {
namespace {

[[noreturn]] void refuse_text(std::string_view text, std::string_view why) {
  throw Error(ErrorCode::invalid_argument,
              base::quoted(text) + " is not a shape: " + std::string(why) +
                  "; expected one like 1,3,224,224 or [1,3,224,224], with -1 or ? "
                  "for a dimension that may vary");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::int64_t parse_dimension(std::string_view part, std::string_view text) {
  if (part == "?") return Shape::kDynamic;
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (failure == std::errc::result_out_of_range) refuse_text(text, "a dimension is too large");
  if (failure != std::errc() || end != part.data() + part.size()) {
    refuse_text(text, base::quoted(part, 20) + " is no dimension");
  }
  if (value < 0 && value != Shape::kDynamic) refuse_text(text, "a dimension is negative");
  return value;
}

}  // namespace

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) {
    throw Error(ErrorCode::invalid_argument, "a shape of " + std::to_string(dims.size()) +
                                                 " dimensions; at most " + std::to_string(kMaxRank) +
                                                 " are possible");
  }
  if (dims.size() > kInlineRank) {
    heap_.assign(dims.begin(), dims.end());
  } else {
    std::copy(dims.begin(), dims.end(), inline_);
  }
  rank_ = dims.size();
}

Shape::Shape(Shape&& other) noexcept : heap_(std::move(other.heap_)), rank_(std::exchange(other.rank_, 0)) {
  std::copy(std::begin(other.inline_), std::end(other.inline_), inline_);
}

Shape& Shape::operator=(Shape&& other) noexcept {
  if (this == &other) return *this;
  heap_ = std::move(other.heap_);
  rank_ = std::exchange(other.rank_, 0);
  std::copy(std::begin(other.inline_), std::end(other.inline_), inline_);
  return *this;
}

std::size_t Shape::element_count() const {
  std::int64_t product = 1;
  bool is_empty = false;
  for (const std::int64_t dim : dims()) {
    if (dim < 0) {
      throw Error(
          ErrorCode::invalid_argument,
          "shape " + to_string(*this) + " has no count of elements: a dimension is not known or negative");
    }
    if (dim == 0) {
      is_empty = true;
    } else if (product > std::numeric_limits<std::int64_t>::max() / dim) {
      throw Error(ErrorCode::invalid_argument,
                  "shape " + to_string(*this) + " has more elements than 64 bits can count");
    } else {
      product *= dim;
    }
  }
  return is_empty ? 0 : static_cast<std::size_t>(product);
}

bool operator==(const Shape& a, const Shape& b) noexcept { return std::ranges::equal(a.dims(), b.dims()); }

std::string to_string(const Shape& shape, std::span<const std::string> names) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (axis != 0) text += ',';
    if (shape[axis] != Shape::kDynamic) {
      text += std::to_string(shape[axis]);
    } else if (axis < names.size() && !names[axis].empty()) {
      text += names[axis];
    } else {
      text += '?';
    }
  }
  return text += ']';
}

Shape parse_shape(std::string_view text) {
  std::string_view rest = trimmed(text);
  if (!rest.empty() && rest.front() == '[') {
    if (rest.back() != ']' || rest.size() < 2) refuse_text(text, "a bracket is not closed");
    rest = trimmed(rest.substr(1, rest.size() - 2));
  }
  if (rest.empty()) return {};
  const char separator = rest.find(',') != std::string_view::npos ? ',' : 'x';
  std::vector<std::int64_t> dims;
  for (bool more = true; more;) {
    const auto end = rest.find(separator);
    more = end != std::string_view::npos;
    if (dims.size() == Shape::kMaxRank) refuse_text(text, "it has too many dimensions");
    dims.push_back(parse_dimension(trimmed(rest.substr(0, end)), text));
    if (more) rest.remove_prefix(end + 1);
  }
  return Shape(std::span<const std::int64_t>(dims));
}

std::string_view to_string(ShapePolicy policy) noexcept {
  switch (policy) {
    case ShapePolicy::strict:
      return "strict";
    case ShapePolicy::reshape:
      return "reshape";
    case ShapePolicy::broadcast:
      return "broadcast";
  }
  return "unknown";
}

ShapePolicy parse_shape_policy(std::string_view text) {
  for (const auto policy : {ShapePolicy::strict, ShapePolicy::reshape, ShapePolicy::broadcast}) {
    if (text == to_string(policy)) return policy;
  }
  throw Error(ErrorCode::invalid_argument,
              base::quoted(text) + " is no shape policy; expected strict, reshape or broadcast");
}

}  // namespace onda
