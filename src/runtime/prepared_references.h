#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace onda::runtime {

/// Checks that a graph in ONNX format refers to no data but the first `weights_bytes` bytes of the file
/// `name` beside it: ONNX Runtime maps what the graph names, and a page behind the end of a file, once
/// touched, ends the process. Reads arbitrary bytes. Throws data_loss with what is wrong, and what
/// `read_model_file` throws.
void require_own_references(std::span<const std::byte> graph, std::string_view name,
                            std::uint64_t weights_bytes);

}  // namespace onda::runtime
