#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace onda::runtime {

/// Where the large weights lie in a model in ONNX Runtime's ORT format (a FlatBuffer): initialisers of the
/// graph and of the graphs in its nodes, of 256 bytes and more; ascending and apart. Borrowed from `model`.
/// Reads arbitrary bytes; empty wherever the structure is not beyond doubt, and then everything counts as
/// graph.
[[nodiscard]] std::vector<std::span<const std::byte>> find_weights(std::span<const std::byte> model);

}  // namespace onda::runtime
