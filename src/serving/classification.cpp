#include "serving/classification.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>

#include "onda/error.h"
#include "serving/datatype.h"

namespace onda::serving {
namespace {

/// Calls `visit` with a value of the type of the elements; false for types that are not classified.
template <class Visit>
bool visit_type(DType dtype, Visit visit) {
  switch (dtype) {
    case DType::float32:
      visit(float{});
      return true;
    case DType::float64:
      visit(double{});
      return true;
    case DType::int8:
      visit(std::int8_t{});
      return true;
    case DType::int16:
      visit(std::int16_t{});
      return true;
    case DType::int32:
      visit(std::int32_t{});
      return true;
    case DType::int64:
      visit(std::int64_t{});
      return true;
    case DType::uint8:
      visit(std::uint8_t{});
      return true;
    case DType::uint16:
      visit(std::uint16_t{});
      return true;
    case DType::uint32:
      visit(std::uint32_t{});
      return true;
    case DType::uint64:
      visit(std::uint64_t{});
      return true;
    default:
      return false;
  }
}

[[noreturn]] void refuse(DType dtype) {
  std::string name(datatype_name(dtype));
  if (name.empty()) name = to_string(dtype);
  throw Error(ErrorCode::invalid_argument,
              "class result not available for output due to unsupported type '" + name + "'");
}

/// The elements of one item, which need not be aligned.
template <class T>
class Scores {
 public:
  explicit Scores(const std::byte* bytes) : bytes_(bytes) {}

  [[nodiscard]] T operator[](std::size_t index) const noexcept {
    T value;
    std::memcpy(&value, bytes_ + index * sizeof(T), sizeof(T));
    return value;
  }

  /// A strict order of all classes.
  [[nodiscard]] bool is_before(std::size_t a, std::size_t b) const noexcept {
    const T left = (*this)[a];
    const T right = (*this)[b];
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(left) != std::isnan(right)) return std::isnan(right);
      if (std::isnan(left)) return a < b;
    }
    if (left != right) return left > right;
    return a < b;
  }

 private:
  const std::byte* bytes_;
};

/// Puts the `count` best first, in order.
template <class T>
void rank(const Scores<T>& scores, std::vector<std::size_t>& order, std::size_t count) {
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_before = [&scores](std::size_t a, std::size_t b) { return scores.is_before(a, b); };
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  // A heap of few, through which the rest goes, beats moving all of them.
  if (count <= order.size() / 16) {
    std::partial_sort(order.begin(), middle, order.end(), is_before);
    return;
  }
  if (middle != order.end()) std::nth_element(order.begin(), middle, order.end(), is_before);
  std::sort(order.begin(), middle, is_before);
}

template <class T>
std::string class_text(T value, std::size_t index, std::span<const std::string> labels) {
  std::string text = std::to_string(value);
  text += ':';
  text += std::to_string(index);
  if (index < labels.size() && !labels[index].empty()) {
    text += ':';
    text += labels[index];
  }
  return text;
}

std::size_t product(std::span<const std::int64_t> dims) {
  std::size_t result = 1;
  for (const std::int64_t size : dims) result *= static_cast<std::size_t>(size);
  return result;
}

}  // namespace

void require_classifiable(DType dtype) {
  if (!visit_type(dtype, [](auto) {})) refuse(dtype);
}

Classification classify(const TensorView& output, const ClassificationSpec& spec,
                        std::span<const std::string> labels) {
  require_classifiable(output.dtype());
  const auto dims = output.shape().dims();
  if (spec.is_batched && dims.empty()) {
    throw Error(ErrorCode::shape_mismatch,
                "an output of a batched model has shape [], expected one with the batch in front");
  }
  const auto batch = spec.is_batched ? static_cast<std::size_t>(dims.front()) : 1;
  const std::size_t classes = product(spec.is_batched ? dims.subspan(1) : dims);
  const std::size_t count = std::min<std::size_t>({spec.classes, classes, kMostClasses});

  Classification result;
  const auto width = static_cast<std::int64_t>(count);
  result.shape = spec.is_batched ? Shape{dims.front(), width} : Shape{width};
  if (batch == 0 || count == 0) return result;
  result.strings.reserve(batch * count);
  std::vector<std::size_t> order(classes);
  visit_type(output.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t item = 0; item < batch; ++item) {
      const Scores<T> scores(output.bytes().data() + item * classes * sizeof(T));
      rank(scores, order, count);
      for (std::size_t i = 0; i < count; ++i) {
        result.strings.push_back(class_text(scores[order[i]], order[i], labels));
      }
    }
  });
  return result;
}

}  // namespace onda::serving
