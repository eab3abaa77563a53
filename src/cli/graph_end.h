#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace onda::cli {

/// Whether the graph of an ONNX model ends in a softmax on the way to `output`: what only casts, reshapes or
/// renames behind it does not count. False where the model does not tell (ORT format), and where more than 64
/// nodes follow. Throws what `base::read_file` throws, and data_loss for what is no model.
[[nodiscard]] bool ends_in_softmax(const std::filesystem::path& model, std::string_view output);
/// The same for a model in memory, borrowed for the call.
[[nodiscard]] bool ends_in_softmax(std::span<const std::byte> model, std::string_view output);

}  // namespace onda::cli
