#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onda/dtype.h"
#include "protocol/decoded_inference.h"
#include "protocol/grpc_service.pb.h"
#include "serving/datatype.h"

/// What a ModelInferRequest says, by protobuf's parser and the plainest reading of the protocol's rules: what
/// GrpcInferReader is compared with. For requests without shared memory.
namespace onda::test {

struct ReferenceTensor {
  std::string name;
  DType dtype = DType::undefined;
  std::vector<std::int64_t> shape = {};
  std::string bytes = {};
  std::vector<std::string> strings = {};
  friend bool operator==(const ReferenceTensor&, const ReferenceTensor&) = default;
};

struct ReferenceInference {
  std::string id;
  std::uint64_t priority = 0;
  std::uint64_t timeout_us = 0;
  std::vector<ReferenceTensor> inputs;
  std::vector<std::pair<std::string, std::uint32_t>> outputs;  ///< names and classes
  friend bool operator==(const ReferenceInference&, const ReferenceInference&) = default;
};

namespace reference {

template <class Element, class Values>
std::optional<std::string> bytes_of(const Values& values) {
  std::string bytes;
  for (const auto value : values) {
    if constexpr (std::numeric_limits<Element>::is_integer && !std::is_same_v<Element, bool>) {
      if (value < std::numeric_limits<Element>::min() || value > std::numeric_limits<Element>::max())
        return std::nullopt;
    }
    const auto element = static_cast<Element>(value);
    bytes.append(reinterpret_cast<const char*>(&element), sizeof(element));
  }
  return bytes;
}

/// Fills bytes or strings of `to`; false where the contents are of another type or do not fit it.
inline bool take_contents(const inference::InferTensorContents& from, ReferenceTensor& to) {
  const int all = from.bool_contents_size() + from.int_contents_size() + from.int64_contents_size() +
                  from.uint_contents_size() + from.uint64_contents_size() + from.fp32_contents_size() +
                  from.fp64_contents_size() + from.bytes_contents_size();
  int own = 0;
  std::optional<std::string> bytes = std::string();
  switch (to.dtype) {
    case DType::boolean:
      own = from.bool_contents_size();
      bytes = bytes_of<bool>(from.bool_contents());
      break;
    case DType::int8:
      own = from.int_contents_size();
      bytes = bytes_of<std::int8_t>(from.int_contents());
      break;
    case DType::int16:
      own = from.int_contents_size();
      bytes = bytes_of<std::int16_t>(from.int_contents());
      break;
    case DType::int32:
      own = from.int_contents_size();
      bytes = bytes_of<std::int32_t>(from.int_contents());
      break;
    case DType::int64:
      own = from.int64_contents_size();
      bytes = bytes_of<std::int64_t>(from.int64_contents());
      break;
    case DType::uint8:
      own = from.uint_contents_size();
      bytes = bytes_of<std::uint8_t>(from.uint_contents());
      break;
    case DType::uint16:
      own = from.uint_contents_size();
      bytes = bytes_of<std::uint16_t>(from.uint_contents());
      break;
    case DType::uint32:
      own = from.uint_contents_size();
      bytes = bytes_of<std::uint32_t>(from.uint_contents());
      break;
    case DType::uint64:
      own = from.uint64_contents_size();
      bytes = bytes_of<std::uint64_t>(from.uint64_contents());
      break;
    case DType::float32:
      own = from.fp32_contents_size();
      bytes = bytes_of<float>(from.fp32_contents());
      break;
    case DType::float64:
      own = from.fp64_contents_size();
      bytes = bytes_of<double>(from.fp64_contents());
      break;
    case DType::string:
      own = from.bytes_contents_size();
      to.strings.assign(from.bytes_contents().begin(), from.bytes_contents().end());
      break;
    default:
      break;
  }
  if (own != all || !bytes) return false;
  to.bytes = *bytes;
  return true;
}

inline bool take_raw(const std::string& from, ReferenceTensor& to) {
  if (to.dtype == DType::boolean) {
    for (const char byte : from) {
      if (byte != 0 && byte != 1) return false;
    }
  }
  if (to.dtype != DType::string) {
    to.bytes = from;
    return true;
  }
  for (std::size_t at = 0; at < from.size();) {
    std::uint32_t size = 0;
    if (from.size() - at < sizeof(size)) return false;
    std::memcpy(&size, from.data() + at, sizeof(size));
    at += sizeof(size);
    if (from.size() - at < size) return false;
    to.strings.push_back(from.substr(at, size));
    at += size;
  }
  return true;
}

/// Whether there are as many elements as the shape says.
inline bool fills_shape(const ReferenceTensor& tensor) {
  unsigned __int128 count = 1;
  bool is_empty = false;
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) return false;
    is_empty = is_empty || size == 0;
    if (size != 0) count *= static_cast<unsigned __int128>(size);
    if (count > static_cast<unsigned __int128>(std::numeric_limits<std::int64_t>::max())) return false;
  }
  if (is_empty) count = 0;
  if (tensor.dtype == DType::string) return count == tensor.strings.size();
  return count * (bits(tensor.dtype) / 8) == tensor.bytes.size();
}

inline std::optional<std::uint64_t> natural(const inference::InferParameter& parameter) {
  if (parameter.has_uint64_param()) return parameter.uint64_param();
  if (!parameter.has_int64_param() || parameter.int64_param() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(parameter.int64_param());
}

inline bool take_parameter(const std::string& key, const inference::InferParameter& value,
                           ReferenceInference& to) {
  if (key == "priority" || key == "timeout") {
    const auto number = natural(value);
    if (!number) return false;
    (key == "priority" ? to.priority : to.timeout_us) = *number;
  } else if (key == "sequence_id") {
    return value.has_int64_param() || value.has_string_param();
  } else if (key == "sequence_start" || key == "sequence_end" ||
             key == "triton_enable_empty_final_response") {
    return value.has_bool_param();
  } else if (key.starts_with("triton_")) {
    return false;
  }
  return true;
}

inline bool names_region(const google::protobuf::Map<std::string, inference::InferParameter>& parameters) {
  return parameters.contains("shared_memory_region") || parameters.contains("shared_memory_offset") ||
         parameters.contains("shared_memory_byte_size");
}

}  // namespace reference

/// Empty where the request has to be refused.
inline std::optional<ReferenceInference> reference_inference(const inference::ModelInferRequest& request) {
  ReferenceInference result;
  result.id = request.id();
  for (const auto& [key, value] : request.parameters()) {
    if (!reference::take_parameter(key, value, result)) return std::nullopt;
  }
  int next_raw = 0;
  for (const auto& input : request.inputs()) {
    const auto dtype = serving::parse_datatype(input.datatype());
    if (!dtype || input.shape_size() > 64 || reference::names_region(input.parameters())) return std::nullopt;
    ReferenceTensor tensor{.name = input.name(), .dtype = *dtype};
    tensor.shape.assign(input.shape().begin(), input.shape().end());
    if (request.raw_input_contents_size() > 0) {
      if (input.has_contents() || next_raw == request.raw_input_contents_size()) return std::nullopt;
      if (!reference::take_raw(request.raw_input_contents(next_raw++), tensor)) return std::nullopt;
    } else if (!input.has_contents() || !reference::take_contents(input.contents(), tensor)) {
      return std::nullopt;
    }
    if (!reference::fills_shape(tensor)) return std::nullopt;
    result.inputs.push_back(std::move(tensor));
  }
  if (next_raw < request.raw_input_contents_size()) return std::nullopt;
  for (const auto& output : request.outputs()) {
    if (reference::names_region(output.parameters())) return std::nullopt;
    std::uint32_t classes = 0;
    if (const auto found = output.parameters().find("classification"); found != output.parameters().end()) {
      const auto number = reference::natural(found->second);
      if (!number || *number == 0) return std::nullopt;
      classes = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(*number, std::numeric_limits<std::uint32_t>::max()));
    }
    result.outputs.emplace_back(output.name(), classes);
  }
  return result;
}

/// The same of what was decoded.
inline ReferenceInference described(const protocol::DecodedInference& decoded) {
  ReferenceInference result;
  result.id = decoded.id;
  result.priority = decoded.priority;
  result.timeout_us = decoded.timeout_us;
  for (const NamedView& input : decoded.inputs) {
    ReferenceTensor tensor{.name = std::string(input.name), .dtype = input.tensor.dtype()};
    tensor.shape.assign(input.tensor.shape().dims().begin(), input.tensor.shape().dims().end());
    const auto bytes = input.tensor.bytes();
    tensor.bytes.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    tensor.strings.assign(input.tensor.strings().begin(), input.tensor.strings().end());
    result.inputs.push_back(std::move(tensor));
  }
  for (const auto& output : decoded.outputs) result.outputs.emplace_back(output.name, output.classification);
  return result;
}

}  // namespace onda::test
