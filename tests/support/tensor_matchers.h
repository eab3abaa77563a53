#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "onda/tensor.h"

namespace onda::test {

/// The same dtype, shape and elements, bit by bit.
[[nodiscard]] inline testing::AssertionResult same_tensor(const TensorView& a, const TensorView& b) {
  if (a.dtype() != b.dtype()) {
    return testing::AssertionFailure()
           << "dtypes " << to_string(a.dtype()) << " and " << to_string(b.dtype());
  }
  if (a.shape() != b.shape()) {
    return testing::AssertionFailure()
           << "shapes " << to_string(a.shape()) << " and " << to_string(b.shape());
  }
  const auto [x, y] = std::ranges::mismatch(a.bytes(), b.bytes());
  if (x != a.bytes().end() || y != b.bytes().end()) {
    return testing::AssertionFailure()
           << to_string(a.dtype()) << to_string(a.shape()) << " differs at byte " << x - a.bytes().begin();
  }
  if (!std::ranges::equal(a.strings(), b.strings())) return testing::AssertionFailure() << "strings differ";
  return testing::AssertionSuccess();
}

}  // namespace onda::test
