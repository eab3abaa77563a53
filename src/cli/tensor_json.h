#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "cli/json_writer.h"
#include "onda/dtype.h"
#include "onda/tensor.h"

namespace onda::cli {

/// Reads a tensor from JSON: nested lists of one depth, [[1, 2], [3, 4]]; one number, truth value or string;
/// or an object {"shape": [2, 2], "dtype": "float32", "data": …}, in which shape and dtype may be missing and
/// data may be flat where there is a shape. NaN, Infinity and -Infinity are numbers, as Python writes them. A
/// complex element is a pair [re, im]. `declared` is the dtype that the model takes: the elements are read as
/// it, and a "dtype" that differs is type_mismatch. Without either, float32, or string where the first
/// element is one. Throws invalid_argument, with where it stands, for text that is no such JSON (ragged
/// lists, more than `Shape::kMaxRank` levels, numbers that do not fit), shape_mismatch where shape and data
/// differ.
[[nodiscard]] Tensor read_tensor_json(std::span<const std::byte> text, std::optional<DType> declared);

/// The elements as nested lists, as `read_tensor_json` reads them; the innermost list stays on one line.
void write_elements(JsonWriter& json, const TensorView& tensor);

/// {"name": …, "dtype": …, "shape": …, "data": …}; without the name where it is empty.
void write_tensor_json(JsonWriter& json, std::string_view name, const TensorView& tensor);

}  // namespace onda::cli
