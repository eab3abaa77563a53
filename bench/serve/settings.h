#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace onda::bench {

/// How much is measured.
struct Settings {
  bool quick = false;  ///< three minutes for everything, to see where it stands

  /// Both sides alternate this often in each row. As few have a 95 % interval.
  [[nodiscard]] std::size_t rounds() const { return quick ? 6 : 10; }
  /// Of one side in one round.
  [[nodiscard]] double seconds() const { return quick ? 0.6 : 2.5; }
};

/// The models, as this benchmark feeds them.
inline constexpr const char* kTinyFile = "tiny.onnx";
inline constexpr const char* kResNetFile = "resnet50.onnx";
inline constexpr const char* kTransformerFile = "transformer.onnx";
inline constexpr const char* kBatchingFile = "batching_model.onnx";

}  // namespace onda::bench
