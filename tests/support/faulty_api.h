#pragma once

#include <onnxruntime_c_api.h>

namespace onda::test {

/// ONNX Runtime's function table with every call that can fail, of those that Onda uses, counted and, at
/// will, failing. All other entries are null: a call that is used but not listed in faulty_api.cpp ends the
/// test. One at a time; calls from any thread are counted.
class FaultyApi {
 public:
  explicit FaultyApi(const OrtApi& real);
  FaultyApi(const FaultyApi&) = delete;
  FaultyApi& operator=(const FaultyApi&) = delete;
  ~FaultyApi();

  [[nodiscard]] const OrtApi& table() const noexcept { return table_; }

  /// The n-th call from now, counted from 1, fails with ORT_FAIL; 0: none does. Starts the count anew.
  void fail_call(int n) noexcept;
  /// Calls since then.
  [[nodiscard]] int calls() const noexcept;
  /// The name of the call that failed, or null.
  [[nodiscard]] const char* failed() const noexcept;

 private:
  OrtApi table_{};
};

}  // namespace onda::test
