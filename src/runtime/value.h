#pragma once

#include <onnxruntime_c_api.h>

#include "onda/tensor.h"
#include "runtime/environment.h"
#include "runtime/handles.h"

namespace onda::runtime {

/// A value over the view's elements, which must outlive it; strings are copied into it.
[[nodiscard]] ValueHandle make_input_value(const Environment& environment, const TensorView& view);

/// A value that ONNX Runtime writes through.
[[nodiscard]] ValueHandle make_output_value(const Environment& environment, const MutableTensorView& view);

/// The shape of a tensor value.
[[nodiscard]] Shape shape_of(const Environment& environment, const OrtValue& value);

/// A tensor that owns `value`; strings are copied out of it. Throws unimplemented for what is no tensor.
[[nodiscard]] Tensor to_tensor(const Environment& environment, ValueHandle value);

}  // namespace onda::runtime
