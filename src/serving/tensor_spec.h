#pragma once

#include <string>
#include <vector>

#include "onda/dtype.h"
#include "onda/shape.h"

namespace onda::serving {

/// One input or output of a served model, as its clients see it.
struct TensorSpec {
  std::string name;
  DType dtype = DType::undefined;
  /// With the batch dimension (`Shape::kDynamic`) in front where the model batches.
  Shape shape;
  /// An input that may be left out.
  bool optional = false;
  /// False where the model does not tell a rank: any shape is taken, `shape` is empty.
  bool has_shape = true;
  /// Class labels of an output, by index; may be empty or shorter than the classes.
  std::vector<std::string> labels;
};

}  // namespace onda::serving
