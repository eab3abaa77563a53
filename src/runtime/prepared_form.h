#pragma once

#include <cstdint>

namespace onda::runtime {

/// How the optimised model lies in an entry. Which of the two it is follows from the model's size alone.
enum class PreparedForm : std::uint64_t {
  ort = 0,       ///< ONNX Runtime's ORT format: graph and weights in one FlatBuffer, which ends at 2 GB
  external = 1,  ///< weights as ONNX Runtime maps them, one by one, then the graph in ONNX format
};

/// A model of this size, with its external data, and larger ones take the external form.
inline constexpr std::uint64_t kExternalFormBytes = std::uint64_t{1} << 31;

}  // namespace onda::runtime
