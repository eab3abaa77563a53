#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "onda/session.h"

namespace onda::runtime {

/// What a model takes and gives, prepared for checking calls quickly. Immutable; safe from any thread.
class Signature {
 public:
  Signature(std::vector<ValueInfo> inputs, std::vector<ValueInfo> outputs);

  [[nodiscard]] std::span<const ValueInfo> inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::span<const ValueInfo> outputs() const noexcept { return outputs_; }

  /// Checks a call's inputs before ONNX Runtime sees them, which reports some faults late, some by a crash of
  /// its kernels and some never (a duplicate, 2 and 1 for one symbolic dimension). `which[i]` becomes the
  /// index of the i-th given one. Allocates only to report, and for models with more inputs than `Scratch`
  /// holds. Throws invalid_argument, type_mismatch, shape_mismatch, unimplemented as Session::run says.
  void check_inputs(std::span<const NamedView> given, std::span<std::size_t> which) const;

  /// The same for lent outputs: names, dtypes. Their shapes are known only after the run.
  void check_outputs(std::span<const NamedMutableView> lent, std::span<std::size_t> which) const;

  /// Throws unimplemented where an output is no tensor, or of a type that ONNX Runtime does not name.
  void require_tensor_outputs() const;

 private:
  static constexpr int kNoSymbol = -1;

  std::vector<ValueInfo> inputs_;
  std::vector<ValueInfo> outputs_;
  /// Per input, per dimension: the number of its symbolic name, which inputs share.
  std::vector<std::vector<int>> symbols_;
  std::size_t symbol_count_ = 0;
};

}  // namespace onda::runtime
