#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace onda::bench {

/// A tensor that is sent.
struct RequestTensor {
  std::string name;
  std::string datatype;  ///< the protocol's: FP32, INT64
  std::vector<std::int64_t> shape;
  std::string bytes;  ///< little-endian, in order
};

/// `seeded_values` of that shape.
[[nodiscard]] RequestTensor float_tensor(const std::string& name, const std::vector<std::int64_t>& shape);
/// Whole numbers from 0 to `limit` - 1, in turn.
[[nodiscard]] RequestTensor int64_tensor(const std::string& name, const std::vector<std::int64_t>& shape,
                                         std::int64_t limit);

/// One inference in the three forms of the protocol.
class InferenceRequest {
 public:
  InferenceRequest(std::string model, std::vector<RequestTensor> inputs)
      : model_(std::move(model)), inputs_(std::move(inputs)) {}

  [[nodiscard]] std::string path() const { return "/v2/models/" + model_ + "/infer"; }
  /// The body with numbers written out. Throws std::invalid_argument for what is not FP32.
  [[nodiscard]] std::string json_body() const;
  /// {"NAME":[[…]],…}: tensors by name, arrays nested as their shape is. As `json_body` otherwise.
  [[nodiscard]] std::string nested_json_body() const;
  /// A whole HTTP request with `json_body`.
  [[nodiscard]] std::string http_json() const;
  /// A whole HTTP request with tensors as bytes, that asks for bytes.
  [[nodiscard]] std::string http_binary() const;
  /// A ModelInferRequest with raw contents.
  [[nodiscard]] std::string grpc() const;

 private:
  std::string model_;
  std::vector<RequestTensor> inputs_;
};

/// The benchmark's requests: one item of each model.
[[nodiscard]] InferenceRequest tiny_request();
[[nodiscard]] InferenceRequest resnet_request();
[[nodiscard]] InferenceRequest batching_request();
[[nodiscard]] InferenceRequest transformer_request(std::int64_t length);

/// Writes the bytes to a file of `output_directory()`; returns its path.
std::string write_message(const std::string& name, const std::string& bytes);

}  // namespace onda::bench
