#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/wire_stream.h"
#include "runtime/model_file.h"

namespace onda::runtime {

/// Reads one ONNX model, once. Its limits are those that `read_model_file` states.
class ModelFileReader {
 public:
  /// The source is borrowed.
  explicit ModelFileReader(base::ByteSource& source) : stream_(source), whole_(stream_.all()) {}

  /// Throws data_loss, resource_exhausted.
  [[nodiscard]] ModelFile read();

 private:
  using Field = base::StreamedField;
  struct Weight;
  enum class Role { initializer, inner };

  /// Within one message; refuses those that are nested too deeply.
  class Nested {
   public:
    explicit Nested(int& depth);
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --depth_; }

   private:
    int& depth_;
  };

  /// Calls `visit` for each field of a message.
  template <class Visit>
  void each(const Field& message, const Visit& visit) {
    const Nested nested(depth_);
    stream_.enter(message);
    while (const auto field = stream_.next(message)) visit(*field);
  }

  /// A text that is kept: it counts towards the limit.
  std::string text(const Field& field);
  /// Part of an operator's name, which is kept once however often it occurs.
  void operator_text(const Field& field, std::string& to);
  /// Memory for what the file names.
  void charge(std::uint64_t bytes);

  void model(const Field& field);
  [[nodiscard]] OpsetImport opset(const Field& field);
  [[nodiscard]] std::pair<std::string, std::string> entry(const Field& field);
  void function(const Field& field);
  void graph(const Field& field, Role role);
  void node(const Field& field);
  void attribute(const Field& field);
  void settle_inputs();

  // model_file_weights.cpp
  void weight(const Field& tensor, Role role);
  void sparse_weight(const Field& sparse_tensor, Role role);
  void packed_dimensions(const Field& field, Weight& weight);
  void external_weight(const Weight& weight);

  // model_file_values.cpp
  [[nodiscard]] DeclaredValue value(const Field& field);
  void type(const Field& field, DeclaredValue& to);
  [[nodiscard]] std::string inner_type(const Field& field);
  void tensor_type(const Field& field, DeclaredValue& to);
  void map_type(const Field& field, DeclaredValue& to);
  void shape(const Field& field, ValueInfo& to);

  base::WireStream stream_;
  Field whole_;
  int depth_ = 0;
  std::uint64_t held_bytes_ = 0;
  bool has_graph_ = false;
  ModelFile result_;
  std::set<std::string> initializers_;
  std::set<std::string> domains_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> operators_;
  /// Of the node that was read last, for its capacity.
  std::pair<std::string, std::string> operator_;
};

}  // namespace onda::runtime
