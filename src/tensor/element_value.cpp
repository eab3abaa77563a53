#include "tensor/element_value.h"

#include <limits>

namespace onda::tensor {

double element_value(const TensorView& tensor, std::size_t index) {
  if (tensor.dtype() == DType::boolean) return load_element<std::uint8_t>(tensor.bytes(), index) != 0 ? 1 : 0;
  double result = std::numeric_limits<double>::quiet_NaN();
  visit_number(tensor, index, [&result](auto value) { result = static_cast<double>(value); });
  return result;
}

}  // namespace onda::tensor
