#pragma once

#include <onnxruntime_c_api.h>

namespace onda::bench {

/// ONNX Runtime's function table as a session of ours is given it. It passes every call on, and
/// - remembers the session that was created last, so that a loop over the C API can run that very session and
///   nothing differs but our code around the call;
/// - while allocations are watched, marks what happens inside the calls of a run as `Uncounted`. A function
/// that is
///   missing among those would be counted as ours, never the other way round.
/// One per process.
class WatchedApi {
 public:
  explicit WatchedApi(const OrtApi& real);

  [[nodiscard]] const OrtApi& table() const noexcept { return table_; }
  [[nodiscard]] static OrtSession* last_session() noexcept;
  /// Off at first: then the functions of a run are ONNX Runtime's own, and cost nothing more.
  void watch_allocations(bool on) noexcept;

 private:
  OrtApi table_;
};

}  // namespace onda::bench
