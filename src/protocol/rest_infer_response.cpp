#include <algorithm>
#include <string>

#include "onda/error.h"
#include "protocol/bytes_tensor.h"
#include "protocol/json_text.h"
#include "protocol/rest_infer.h"
#include "protocol/tensor_size.h"
#include "serving/classification.h"
#include "serving/datatype.h"

namespace onda::protocol {
namespace {

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kBinaryType = "application/octet-stream";

class ResponseWriter {
 public:
  ResponseWriter(const serving::ModelVersion& version, ResponseBody& out) noexcept
      : version_(version), out_(out) {}

  void begin(std::string_view id) {
    out_.head += '{';
    if (!id.empty()) {
      out_.head += "\"id\":";
      append_json_string(out_.head, id);
      out_.head += ',';
    }
    out_.head += "\"model_name\":";
    append_json_string(out_.head, version_.model());
    out_.head += ",\"model_version\":\"";
    out_.head += version_.number_text();
    out_.head += "\",\"outputs\":[";
  }

  void output(const NamedView& output, const WantedOutput& wanted) {
    if (wanted.classification > 0) {
      const serving::TensorSpec* const spec = version_.find_output(output.name);
      serving::Classification classes = serving::classify(
          output.tensor, {.classes = wanted.classification, .is_batched = version_.is_batched()},
          spec != nullptr ? std::span<const std::string>(spec->labels) : std::span<const std::string>());
      // Into the body's storage: they are read after this call.
      const auto strings = out_.storage.allocate_strings(classes.strings.size());
      std::ranges::move(classes.strings, strings.begin());
      const TensorView ranked(classes.shape, strings);
      begin_output(output.name, ranked);
      tensor(output.name, ranked, wanted.binary);
    } else {
      begin_output(output.name, output.tensor);
      if (wanted.region) {
        write_to_region(output, *wanted.region);
      } else {
        tensor(output.name, output.tensor, wanted.binary);
      }
    }
    out_.head += '}';
  }

  void end() {
    out_.head += "]}";
    std::size_t binary_bytes = 0;
    for (const auto part : out_.parts) binary_bytes += part.size();
    out_.content_type = binary_bytes > 0 ? kBinaryType : kJsonType;
    if (binary_bytes > 0) out_.json_bytes = out_.head.size();
  }

 private:
  void begin_output(std::string_view name, const TensorView& tensor) {
    if (!is_first_) out_.head += ',';
    is_first_ = false;
    out_.head += "{\"name\":";
    append_json_string(out_.head, name);
    out_.head += ",\"datatype\":\"";
    out_.head += serving::datatype_name(tensor.dtype());
    out_.head += "\",\"shape\":[";
    bool is_first = true;
    for (const std::int64_t size : tensor.shape().dims()) {
      if (!is_first) out_.head += ',';
      is_first = false;
      append_json_number(out_.head, size);
    }
    out_.head += ']';
  }

  void tensor(std::string_view name, const TensorView& tensor, bool binary) {
    if (binary) {
      const auto raw = raw_bytes(tensor);
      out_.head += ",\"parameters\":{\"binary_data_size\":";
      append_json_number(out_.head, raw.size());
      out_.head += '}';
      out_.parts.push_back(raw);
      return;
    }
    out_.head += ",\"data\":";
    if (tensor.dtype() == DType::string) {
      strings(name, tensor.strings());
    } else {
      append_json_elements(out_.head, tensor.dtype(), tensor.bytes());
    }
  }

  void strings(std::string_view name, std::span<const std::string> strings) {
    out_.head += '[';
    for (std::size_t i = 0; i < strings.size(); ++i) {
      if (i != 0) out_.head += ',';
      if (try_append_json_string(out_.head, strings[i])) continue;
      throw Error(ErrorCode::invalid_argument, "element " + std::to_string(i) + " of output " +
                                                   quoted_name(name) +
                                                   " is not valid UTF-8 and has no JSON form: ask for the "
                                                   "output with the parameter 'binary_data': true");
    }
    out_.head += ']';
  }

  /// Of a BYTES tensor, made in the body's storage.
  std::span<const std::byte> raw_bytes(const TensorView& tensor) {
    if (tensor.dtype() != DType::string) return tensor.bytes();
    const auto raw = out_.storage.allocate(bytes_tensor_size(tensor.strings()));
    join_bytes_tensor(tensor.strings(), raw);
    return raw;
  }

  void write_to_region(const NamedView& output, const RegionPart& part) {
    const auto raw = raw_bytes(output.tensor);
    if (raw.size() > part.byte_size) {
      throw Error(ErrorCode::invalid_argument,
                  "shared memory size specified with the request for output " + quoted_name(output.name) +
                      " (" + std::to_string(part.byte_size) + " bytes) should be at least " +
                      std::to_string(raw.size()) + " bytes to hold the results");
    }
    part.region->write(part.offset, raw);
  }

  const serving::ModelVersion& version_;
  ResponseBody& out_;
  bool is_first_ = true;
};

}  // namespace

std::size_t ResponseBody::byte_size() const noexcept {
  std::size_t size = head.size();
  for (const auto part : parts) size += part.size();
  return size;
}

void ResponseBody::clear() noexcept {
  head.clear();
  parts.clear();
  json_bytes.reset();
  content_type = {};
  storage.clear();
}

void encode_infer_response(const serving::ModelVersion& version, const DecodedInference& asked,
                           const serving::InferenceResult& result, ResponseBody& out) {
  out.clear();
  ResponseWriter writer(version, out);
  writer.begin(asked.id);
  WantedOutput all;
  all.binary = asked.binary_by_default;
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    writer.output(result.outputs[i], asked.outputs.empty() ? all : asked.outputs[i]);
  }
  writer.end();
}

}  // namespace onda::protocol
