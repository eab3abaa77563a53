#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "onda/session.h"
#include "onda/tensor.h"

namespace onda::cli {

/// The forms in which a tensor stands in a file.
enum class TensorFormat {
  npy,           ///< NumPy's
  tensor_proto,  ///< ONNX's TensorProto, .pb
  json,
  raw,    ///< the elements alone, little-endian
  image,  ///< read only
};

[[nodiscard]] std::string_view to_string(TensorFormat format) noexcept;

/// Of `text`: npy, pb, json or raw. Throws UsageError.
[[nodiscard]] TensorFormat parse_output_format(const std::string& text);

/// By what the bytes are; the name decides only where that is open: for .raw, .bin and .pb. `is_raw` says
/// that a dtype was given for them. Throws invalid_argument for what is none of the forms.
[[nodiscard]] TensorFormat detect_format(std::span<const std::byte> bytes, const std::string& file,
                                         bool is_raw);

/// By the extension: .npy, .pb, .json, .raw or .bin.
[[nodiscard]] std::optional<TensorFormat> format_of_name(const std::filesystem::path& file);

/// The file's content. Throws type_mismatch for what the format cannot hold (strings as raw).
[[nodiscard]] std::string encode_tensor(TensorFormat format, std::string_view name, const TensorView& tensor);

/// One JSON object with all of them: {"outputs": […]}.
[[nodiscard]] std::string encode_tensors_json(std::span<const NamedTensor> tensors);

}  // namespace onda::cli
