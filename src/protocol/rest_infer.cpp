#include "protocol/rest_infer.h"

#include <algorithm>
#include <string>

#include "base/parse_number.h"
#include "base/utf8.h"
#include "onda/error.h"
#include "protocol/binary_splitter.h"
#include "protocol/infer_envelope.h"
#include "protocol/json_text.h"
#include "protocol/raw_tensor.h"
#include "protocol/tensor_size.h"
#include "serving/classification.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_argument, why); }

/// What clients take a length for: 31 bits.
constexpr std::uint64_t kLongestHeader = 0x7FFFFFFF;

std::size_t json_length(std::string_view header, std::size_t body_bytes) {
  const auto length = base::parse_number<std::uint64_t>(header);
  if (!length || *length > kLongestHeader || *length > body_bytes) {
    refuse("inference header size should be in range (0, " +
           std::to_string(std::min<std::uint64_t>(kLongestHeader, body_bytes)) +
           "), got: " + quoted_name(header) + " in Inference-Header-Content-Length");
  }
  return static_cast<std::size_t>(*length);
}

/// The shape of a tensor that takes `bytes`, by the model's declaration.
Shape shape_of_raw(const serving::ModelVersion& version, const serving::TensorSpec& spec, std::size_t bytes) {
  const std::string prefix = "the raw-binary request for input " + quoted_name(spec.name) + " of model " +
                             quoted_name(version.model()) + ' ';
  if (!spec.has_shape) refuse(prefix + "needs a model that declares the input's rank");
  Shape shape = spec.shape;
  if (version.is_batched() && shape.rank() > 0) shape[0] = 1;
  if (spec.dtype == DType::string) {
    const auto dims = shape.dims().subspan(version.is_batched() && shape.rank() > 0 ? 1 : 0);
    if (dims.size() != 1 || dims[0] != 1) refuse(prefix + "takes BYTES only for shape [1]");
    return shape;
  }
  std::optional<std::size_t> variable;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] != Shape::kDynamic) continue;
    if (variable) refuse(prefix + "can deduce one variable dimension, the input has several");
    variable = axis;
    shape[axis] = 1;
  }
  if (!variable) return shape;
  const std::size_t step = byte_size_of(spec.name, spec.dtype, element_count_of(spec.name, shape));
  if (step == 0 || bytes % step != 0) {
    refuse(prefix + "has " + std::to_string(bytes) + " bytes, which is no multiple of the " +
           std::to_string(step) + " bytes of one step of its variable dimension");
  }
  shape[*variable] = static_cast<std::int64_t>(bytes / step);
  return shape;
}

/// The whole body is the model's one input.
void decode_raw_request(std::span<const std::byte> body, const serving::ModelVersion& version,
                        DecodedInference& out) {
  if (version.inputs().size() != 1) {
    refuse("a raw-binary request currently only supports models with a single input, model " +
           quoted_name(version.model()) + " has " + std::to_string(version.inputs().size()));
  }
  const serving::TensorSpec& spec = version.inputs().front();
  const Shape shape = shape_of_raw(version, spec, body.size());
  out.binary_by_default = true;
  if (spec.dtype == DType::string) {
    const auto strings = out.storage.allocate_strings(1);
    strings.front().assign(reinterpret_cast<const char*>(body.data()), body.size());
    out.inputs.push_back({spec.name, TensorView(shape, strings)});
    return;
  }
  out.inputs.push_back(
      {spec.name, read_raw_tensor(body, {.dtype = spec.dtype, .shape = shape},
                                  {.input = spec.name, .model = version.model()}, out.storage)});
}

void check_output(const serving::TensorSpec& spec, const WantedOutput& wanted) {
  if (wanted.classification > 0) {
    serving::require_classifiable(spec.dtype);
    if (wanted.region) {
      refuse("output " + quoted_name(spec.name) + ": 'classification' and shared memory do not go together");
    }
    return;
  }
  if (wanted.binary || wanted.region || has_json_form(spec.dtype)) return;
  refuse("sending " + std::string(serving::datatype_name(spec.dtype)) +
         " data via JSON is not supported: ask for output " + quoted_name(spec.name) +
         " with the parameter 'binary_data': true");
}

}  // namespace

void decode_infer(std::span<const std::byte> body,
                  std::optional<std::string_view> inference_header_content_length,
                  const serving::ModelVersion& version, const serving::SharedMemoryRegions& regions,
                  DecodedInference& out) {
  out.clear();
  std::size_t json_bytes = body.size();
  if (inference_header_content_length) {
    json_bytes = json_length(*inference_header_content_length, body.size());
  }
  if (inference_header_content_length && json_bytes == 0) {
    decode_raw_request(body, version, out);
  } else {
    BinarySplitter binary(body.subspan(json_bytes), version.model());
    const std::string_view json(reinterpret_cast<const char*>(body.data()), json_bytes);
    InferEnvelope({.json = json, .binary = binary, .version = version, .regions = regions}, out).read();
    binary.finish();
  }
  check_outputs(version, out);
}

void check_outputs(const serving::ModelVersion& version, const DecodedInference& asked) {
  for (const WantedOutput& wanted : asked.outputs) {
    const serving::TensorSpec* const spec = version.find_output(wanted.name);
    if (spec == nullptr) {
      refuse("unexpected inference output " + quoted_name(wanted.name) + " for model " +
             quoted_name(version.model()));
    }
    check_output(*spec, wanted);
  }
  if (!asked.outputs.empty()) return;
  for (const serving::TensorSpec& spec : version.outputs()) {
    check_output(spec, {.name = spec.name, .binary = asked.binary_by_default});
  }
}

void fill_request(serving::InferenceRequest& request, const DecodedInference& decoded) {
  request.inputs.assign(decoded.inputs.begin(), decoded.inputs.end());
  request.outputs.clear();
  for (const WantedOutput& wanted : decoded.outputs) request.outputs.push_back(wanted.name);
  request.priority = decoded.priority;
  // A client's number may be more than the clock counts to.
  constexpr std::uint64_t kLongest = 1'000'000'000'000'000;
  request.timeout = std::chrono::microseconds(std::min(decoded.timeout_us, kLongest));
}

std::string error_body(std::string_view message) {
  constexpr std::size_t kLongest = 8192;
  std::size_t end = std::min(message.size(), kLongest);
  // Not within a character.
  while (end < message.size() && end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U)
    --end;
  std::string body = "{\"error\":";
  append_json_string(body, message.substr(0, end));
  body += '}';
  return body;
}

}  // namespace onda::protocol
