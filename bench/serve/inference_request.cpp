#include "bench/serve/inference_request.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>

#include "bench/harness/model_inputs.h"
#include "bench/harness/report.h"

namespace onda::bench {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are sent as they lie in memory");

std::size_t elements(const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return count;
}

std::string shape_json(const RequestTensor& tensor) {
  return fmt::format(R"("name":"{}","datatype":"{}","shape":[{}])", tensor.name, tensor.datatype,
                     fmt::join(tensor.shape, ","));
}

std::string http_post(const std::string& path, const std::string& headers, const std::string& body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Length: {}\r\n\r\n", path, headers,
                     body.size()) +
         body;
}

std::vector<float> floats_of(const RequestTensor& tensor) {
  if (tensor.datatype != "FP32") throw std::invalid_argument("only FP32 is sent as JSON here");
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

/// The values as arrays in arrays, one level a dimension.
std::string nested_json(std::span<const std::int64_t> shape, std::span<const float> values) {
  if (shape.empty()) return fmt::format("{}", values.front());
  if (shape.size() == 1) return fmt::format("[{}]", fmt::join(values, ","));
  std::string text = "[";
  const std::size_t part = values.size() / static_cast<std::size_t>(shape.front());
  for (std::size_t at = 0; at < values.size(); at += part) {
    text += (at == 0 ? "" : ",") + nested_json(shape.subspan(1), values.subspan(at, part));
  }
  return text + "]";
}

// Protobuf's wire format, as far as a request needs it.
void append_varint(std::string& message, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) message += static_cast<char>((value & 0x7F) | 0x80);
  message += static_cast<char>(value);
}

void append_bytes(std::string& message, unsigned field, const std::string& bytes) {
  append_varint(message, field << 3 | 2);
  append_varint(message, bytes.size());
  message += bytes;
}

std::string input_message(const RequestTensor& tensor) {
  std::string shape;
  for (const std::int64_t size : tensor.shape) append_varint(shape, static_cast<std::uint64_t>(size));
  std::string message;
  append_bytes(message, 1, tensor.name);
  append_bytes(message, 2, tensor.datatype);
  append_bytes(message, 3, shape);
  return message;
}

}  // namespace

RequestTensor float_tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto values = seeded_values(elements(shape));
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {name, "FP32", shape, std::move(bytes)};
}

RequestTensor int64_tensor(const std::string& name, const std::vector<std::int64_t>& shape,
                           std::int64_t limit) {
  std::vector<std::int64_t> values(elements(shape));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i) % limit;
  std::string bytes(values.size() * sizeof(std::int64_t), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {name, "INT64", shape, std::move(bytes)};
}

std::string InferenceRequest::json_body() const {
  std::string inputs;
  for (const RequestTensor& tensor : inputs_) {
    inputs += fmt::format(R"({}{{{},"data":[{}]}})", inputs.empty() ? "" : ",", shape_json(tensor),
                          fmt::join(floats_of(tensor), ","));
  }
  return R"({"inputs":[)" + inputs + "]}";
}

std::string InferenceRequest::nested_json_body() const {
  std::string inputs;
  for (const RequestTensor& tensor : inputs_) {
    inputs += fmt::format(R"({}"{}":{})", inputs.empty() ? "" : ",", tensor.name,
                          nested_json(tensor.shape, floats_of(tensor)));
  }
  return "{" + inputs + "}";
}

std::string InferenceRequest::http_json() const {
  return http_post(path(), "Content-Type: application/json\r\n", json_body());
}

std::string InferenceRequest::http_binary() const {
  std::string inputs;
  std::string bytes;
  for (const RequestTensor& tensor : inputs_) {
    inputs += fmt::format(R"({}{{{},"parameters":{{"binary_data_size":{}}}}})", inputs.empty() ? "" : ",",
                          shape_json(tensor), tensor.bytes.size());
    bytes += tensor.bytes;
  }
  const std::string header = R"({"inputs":[)" + inputs + R"(],"parameters":{"binary_data_output":true}})";
  return http_post(path(),
                   fmt::format("Content-Type: application/octet-stream\r\n"
                               "Inference-Header-Content-Length: {}\r\n",
                               header.size()),
                   header + bytes);
}

std::string InferenceRequest::grpc() const {
  std::string message;
  append_bytes(message, 1, model_);
  for (const RequestTensor& tensor : inputs_) append_bytes(message, 5, input_message(tensor));
  for (const RequestTensor& tensor : inputs_) append_bytes(message, 7, tensor.bytes);
  return message;
}

InferenceRequest tiny_request() { return {"tiny", {float_tensor("x", {1, 64})}}; }

InferenceRequest resnet_request() { return {"resnet50", {float_tensor("data", {1, 3, 224, 224})}}; }

InferenceRequest batching_request() { return {"batching", {float_tensor("x", {1, 64})}}; }

InferenceRequest transformer_request(std::int64_t length) {
  return {"transformer",
          {int64_tensor("input_ids", {1, length}, 8000), int64_tensor("attention_mask", {1, length}, 2)}};
}

std::string write_message(const std::string& name, const std::string& bytes) {
  const auto file = std::filesystem::absolute(output_directory()) / name;
  std::ofstream stream(file, std::ios::binary);
  stream << bytes;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
  return file.string();
}

}  // namespace onda::bench
