#include "cli/tensor_summary.h"

#include <algorithm>
#include <cmath>

#include "cli/console.h"
#include "cli/element.h"
#include "cli/paragraph.h"
#include "cli/quantity.h"
#include "tensor/element_value.h"

namespace onda::cli {
namespace {

constexpr std::size_t kWidth = 96;

struct Range {
  double least = 0;
  double most = 0;
  double sum = 0;
  std::size_t numbers = 0;
  std::size_t not_numbers = 0;
};

Range range_of(const TensorView& tensor) {
  Range range;
  for (std::size_t i = 0; i < tensor.element_count(); ++i) {
    const double value = tensor::element_value(tensor, i);
    if (std::isnan(value)) {
      ++range.not_numbers;
      continue;
    }
    range.least = range.numbers == 0 ? value : std::min(range.least, value);
    range.most = range.numbers == 0 ? value : std::max(range.most, value);
    range.sum += value;
    ++range.numbers;
  }
  return range;
}

bool has_range(DType dtype) {
  return dtype != DType::string && dtype != DType::boolean && dtype != DType::complex64 &&
         dtype != DType::complex128;
}

std::string range_text(const TensorView& tensor) {
  if (!has_range(tensor.dtype()) || tensor.element_count() < 2) return {};
  const Range range = range_of(tensor);
  std::string text;
  if (range.numbers > 0) {
    text = "  min " + shortest_brief(range.least) + "  max " + shortest_brief(range.most) + "  mean " +
           shortest_brief(range.sum / static_cast<double>(range.numbers));
  }
  if (range.not_numbers > 0) text += "  NaN " + std::to_string(range.not_numbers);
  return text;
}

bool is_real(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::float64:
    case DType::float16:
    case DType::bfloat16:
      return true;
    default:
      return false;
  }
}

std::string element_text(const TensorView& tensor, std::size_t index) {
  if (is_real(tensor.dtype())) return shortest_brief(tensor::element_value(tensor, index));
  std::string text;
  append_element(text, tensor, index);
  return text;
}

}  // namespace

std::string summarize_tensor(std::string_view name, const TensorView& tensor) {
  std::string text = single_line(name) + "  " + std::string(to_string(tensor.dtype())) + ' ' +
                     to_string(tensor.shape()) + range_text(tensor) + '\n';
  std::string line = " ";
  for (std::size_t i = 0; i < tensor.element_count(); ++i) {
    const std::string element = element_text(tensor, i);
    if (i > 0 && text_width(line) + text_width(element) + 3 > kWidth) {
      line += " …";
      break;
    }
    line += ' ' + element;
  }
  return tensor.element_count() == 0 ? text : text + line + '\n';
}

}  // namespace onda::cli
