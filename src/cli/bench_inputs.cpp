#include "cli/bench_inputs.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "base/quoted.h"
#include "cli/suggestions.h"
#include "tensor/small_float.h"

namespace onda::cli {
namespace {

std::string name_of(const ValueInfo& input, std::size_t axis) {
  return axis < input.dimension_names.size() ? input.dimension_names[axis] : std::string();
}

bool has_dynamic_batch(const ValueInfo& input) {
  return input.has_shape && input.shape.rank() > 0 && input.shape[0] == Shape::kDynamic;
}

std::set<std::string> batch_names(std::span<const ValueInfo> inputs) {
  std::set<std::string> names;
  for (const auto& input : inputs) {
    if (has_dynamic_batch(input) && !name_of(input, 0).empty()) names.insert(name_of(input, 0));
  }
  return names;
}

std::int64_t settle(const std::string& name, bool is_batch, const DimensionSizes& sizes) {
  const auto found = sizes.named.find(name);
  if (found != sizes.named.end()) return found->second;
  return is_batch ? sizes.batch : 1;
}

template <class T, class Make>
void fill(Tensor& tensor, Make make) {
  auto bytes = tensor.bytes();
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    const T value = make();
    std::memcpy(bytes.data() + i, &value, sizeof(T));
  }
}

void refuse_unknown_names(std::span<const ValueInfo> inputs, const DimensionSizes& sizes) {
  std::vector<std::string> known;
  for (const auto& input : inputs) {
    for (const auto& name : input.dimension_names) {
      if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    }
  }
  for (const auto& [name, size] : sizes.named) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Error(ErrorCode::invalid_argument,
                "--dimension " + base::quoted(name) + ": no input has a dimension of that name" +
                    did_you_mean(name, known) +
                    (known.empty() ? " (none has a name)" : " (the names are " + listed(known) + ")"));
  }
}

}  // namespace

std::vector<Shape> settle_shapes(std::span<const ValueInfo> inputs, const DimensionSizes& sizes) {
  refuse_unknown_names(inputs, sizes);
  if (sizes.batch > 1 && std::none_of(inputs.begin(), inputs.end(), has_dynamic_batch)) {
    throw Error(ErrorCode::invalid_argument,
                "--batch " + std::to_string(sizes.batch) + ": the first dimension of every input is fixed");
  }
  const auto batches = batch_names(inputs);
  std::vector<Shape> shapes;
  for (const auto& input : inputs) {
    Shape shape = input.has_shape ? input.shape : Shape{sizes.batch};
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != Shape::kDynamic) continue;
      const std::string name = name_of(input, axis);
      shape[axis] = settle(name, axis == 0 || batches.contains(name), sizes);
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::vector<std::string> guessed_dimensions(std::span<const ValueInfo> inputs, const DimensionSizes& sizes) {
  const auto batches = batch_names(inputs);
  std::vector<std::string> guessed;
  for (const auto& input : inputs) {
    for (std::size_t axis = 1; axis < input.shape.rank(); ++axis) {
      if (input.shape[axis] != Shape::kDynamic) continue;
      std::string name = name_of(input, axis);
      if (sizes.named.contains(name) || (!name.empty() && batches.contains(name))) continue;
      if (name.empty()) name = "dimension " + std::to_string(axis) + " of " + input.name;
      if (std::find(guessed.begin(), guessed.end(), name) == guessed.end())
        guessed.push_back(std::move(name));
    }
  }
  return guessed;
}

Tensor repeat_to_batch(const Tensor& given, const ValueInfo& declared, const Shape& settled) {
  Shape shape = given.shape();
  if (shape.rank() > 0 && has_dynamic_batch(declared)) {
    if (shape[0] != 1 && shape[0] != settled[0]) {
      const std::string rows = std::to_string(shape[0]);
      throw Error(ErrorCode::shape_mismatch, "--input for " + base::quoted(declared.name) + " has " + rows +
                                                 " rows, the batch is " + std::to_string(settled[0]) +
                                                 "; give --batch " + rows + " or a file of one row");
    }
    shape[0] = settled[0];
  }
  return broadcast_to(given, shape);
}

Tensor random_tensor(DType dtype, const Shape& shape, std::uint64_t seed) {
  if (dtype == DType::string) {
    return Tensor::of_strings(shape, std::vector<std::string>(shape.element_count(), "a"));
  }
  Tensor tensor(dtype, shape);
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> real(0, 1);
  const auto bit = [&engine] { return static_cast<std::uint8_t>(engine() >> 63U); };
  switch (dtype) {
    case DType::float32:
      fill<float>(tensor, [&] { return static_cast<float>(real(engine)); });
      break;
    case DType::float64:
      fill<double>(tensor, [&] { return real(engine); });
      break;
    case DType::float16:
    case DType::bfloat16:
      fill<std::uint16_t>(tensor, [&] {
        return static_cast<std::uint16_t>(tensor::encode_small_float(dtype, real(engine)).value_or(0));
      });
      break;
    case DType::uint8:
    case DType::int8:
      fill<std::uint8_t>(tensor, [&] { return static_cast<std::uint8_t>(engine() >> 56U); });
      break;
    case DType::boolean:
      fill<std::uint8_t>(tensor, bit);
      break;
    case DType::int16:
    case DType::uint16:
      fill<std::uint16_t>(tensor, bit);
      break;
    case DType::int32:
    case DType::uint32:
      fill<std::uint32_t>(tensor, bit);
      break;
    case DType::int64:
    case DType::uint64:
      fill<std::uint64_t>(tensor, bit);
      break;
    default:
      std::fill(tensor.bytes().begin(), tensor.bytes().end(), std::byte{0});
  }
  return tensor;
}

}  // namespace onda::cli
