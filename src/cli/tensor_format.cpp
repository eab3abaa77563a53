#include "cli/tensor_format.h"

#include <algorithm>
#include <cctype>

#include "base/protobuf_wire.h"
#include "cli/json_writer.h"
#include "cli/suggestions.h"
#include "cli/tensor_json.h"
#include "cli/usage_error.h"
#include "onda/preprocess.h"
#include "tensor/npy.h"
#include "tensor/tensor_proto.h"

namespace onda::cli {
namespace {

bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).starts_with(text);
}

/// The first character that is no space may begin a JSON value, and nothing before it or near it is binary.
bool looks_like_json(std::span<const std::byte> bytes) {
  constexpr std::size_t kLooked = 256;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kLooked));
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 &&
        std::string_view("\t\r\n").find(c) == std::string_view::npos) {
      return false;
    }
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos &&
         std::string_view("[{\"-0123456789tfNI").find(text[first]) != std::string_view::npos;
}

/// A TensorProto says of which type it is in its field 2.
bool looks_like_tensor_proto(std::span<const std::byte> bytes) {
  constexpr std::uint32_t kDataType = 2;
  try {
    base::WireReader reader(bytes);
    bool has_type = false;
    while (const auto field = reader.next()) {
      if (field->number == kDataType && field->type == base::WireField::Type::varint) {
        has_type = dtype_from_onnx(static_cast<std::int64_t>(field->value)).has_value();
      }
    }
    return has_type;
  } catch (const Error&) {
    return false;
  }
}

std::string lower_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::string text_of(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

std::string_view to_string(TensorFormat format) noexcept {
  switch (format) {
    case TensorFormat::npy:
      return "npy";
    case TensorFormat::tensor_proto:
      return "pb";
    case TensorFormat::json:
      return "json";
    case TensorFormat::raw:
      return "raw";
    case TensorFormat::image:
      return "image";
  }
  return "";
}

TensorFormat parse_output_format(const std::string& text) {
  std::vector<std::string> names;
  for (const auto format :
       {TensorFormat::npy, TensorFormat::tensor_proto, TensorFormat::json, TensorFormat::raw}) {
    if (text == to_string(format)) return format;
    names.emplace_back(to_string(format));
  }
  throw UsageError('"' + text + "\": expected one of " + listed(names) + did_you_mean(text, names));
}

std::optional<TensorFormat> format_of_name(const std::filesystem::path& file) {
  const std::string extension = lower_extension(file);
  if (extension == ".npy") return TensorFormat::npy;
  if (extension == ".pb") return TensorFormat::tensor_proto;
  if (extension == ".json") return TensorFormat::json;
  if (extension == ".raw" || extension == ".bin") return TensorFormat::raw;
  return std::nullopt;
}

TensorFormat detect_format(std::span<const std::byte> bytes, const std::string& file, bool is_raw) {
  if (sniff_image(bytes)) return TensorFormat::image;
  if (begins_with(bytes, "\x93NUMPY")) return TensorFormat::npy;
  const auto named = format_of_name(file);
  if (is_raw || named == TensorFormat::raw) return TensorFormat::raw;
  if (bytes.empty()) throw Error(ErrorCode::invalid_argument, "the file is empty");
  if (named == TensorFormat::tensor_proto) return TensorFormat::tensor_proto;
  if (named == TensorFormat::json || looks_like_json(bytes)) return TensorFormat::json;
  if (looks_like_tensor_proto(bytes)) return TensorFormat::tensor_proto;
  throw Error(
      ErrorCode::invalid_argument,
      "is no image (JPEG, PNG, WebP), .npy, TensorProto (.pb) or JSON; for raw elements give --dtype");
}

std::string encode_tensor(TensorFormat format, std::string_view name, const TensorView& tensor) {
  switch (format) {
    case TensorFormat::npy:
      return text_of(tensor::write_npy(tensor));
    case TensorFormat::tensor_proto:
      return text_of(tensor::write_tensor_proto(tensor, name));
    case TensorFormat::json: {
      JsonWriter json;
      write_tensor_json(json, name, tensor);
      return json.finish();
    }
    default:
      break;
  }
  if (!is_fixed_size(tensor.dtype())) {
    throw Error(ErrorCode::type_mismatch, "output \"" + std::string(name) +
                                              "\": strings cannot be written as raw data; "
                                              "use .npy, .pb or .json");
  }
  return text_of(tensor.bytes());
}

std::string encode_tensors_json(std::span<const NamedTensor> tensors) {
  JsonWriter json;
  json.begin_object().key("outputs").begin_array();
  for (const auto& [name, tensor] : tensors) write_tensor_json(json, name, tensor);
  return json.end_array().end_object().finish();
}

}  // namespace onda::cli
