#pragma once

#include <optional>

#include "onda/shape.h"

namespace onda::serving {

/// The two shapes of one input or output under a configuration's `reshape`: the clients' and the model's.
/// Dynamic dimensions of the one are those of the other, in order. Immutable; safe from any thread.
class TensorReshape {
 public:
  /// The shapes are the same.
  TensorReshape() = default;
  /// Without the batch dimension, which both have in front where `is_batched`.
  TensorReshape(Shape clients, Shape models, bool is_batched);

  [[nodiscard]] bool is_needed() const noexcept { return shapes_.has_value(); }
  /// What the model sees of a client's shape, which fits the clients' declared one.
  [[nodiscard]] Shape to_model(const Shape& shape) const;
  /// What a client sees of a shape that the model computed. Throws internal where that does not fit what was
  /// declared.
  [[nodiscard]] Shape to_client(const Shape& shape) const;

 private:
  struct Both {
    Shape clients;
    Shape models;
  };
  std::optional<Both> shapes_;
  bool is_batched_ = false;
};

}  // namespace onda::serving
