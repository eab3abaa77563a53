#pragma once

#include <string>

#include "support/fake_version.h"

namespace onda::protocol {

/// A model with an input and an output of each name: not batched, any first dimension unless a shape is
/// given.
inline serving::TensorSpec spec(std::string name, DType dtype, Shape shape = {Shape::kDynamic}) {
  serving::TensorSpec made;
  made.name = std::move(name);
  made.dtype = dtype;
  made.shape = std::move(shape);
  return made;
}

/// The model of the protocol's examples.
inline test::FakeVersion addsub() {
  return test::FakeVersion(
      {.name = "addsub",
       .version = 3,
       .inputs = {spec("A", DType::int32, {1, 2}), spec("B", DType::int32, {1, 2})},
       .outputs = {spec("SUM", DType::int32, {1, 2}), spec("DIFFERENCE", DType::int32, {1, 2})}});
}

}  // namespace onda::protocol
