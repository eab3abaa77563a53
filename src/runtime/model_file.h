#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onda/session.h"

namespace onda::runtime {

enum class ModelFormat {
  onnx,  ///< ONNX's protocol buffers
  ort,   ///< ONNX Runtime's own format; nothing but this and the size is read of it
};

/// An input or output as the file declares it, also of types that ONNX Runtime does not take.
struct DeclaredValue {
  /// `dtype` is `undefined` for what is no tensor, and for a number that Onda does not know.
  ValueInfo value;
  /// The element type's number in the file, of tensors and sparse tensors.
  std::int64_t onnx_dtype = 0;
  /// "tensor(float32)", "sequence(map(string,tensor(int64)))", "tensor(unknown type 27)".
  std::string type;
};

struct OperatorCount {
  std::string domain;  ///< "" is ONNX's own, however the file spells it
  std::string type;
  std::uint64_t count = 0;
};

/// A weight that lies in another file. Fields that the model does not give are empty; nothing is checked.
struct ExternalTensor {
  std::string name;
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  std::string checksum;
  /// What ONNX Runtime wrote of forms that its kernels want, one text each: "key|offset;length;checksum|…".
  std::vector<std::string> prepacked;
};

/// What a model file tells without being loaded. Texts are as they stand in the file: not always UTF-8.
struct ModelFile {
  ModelFormat format = ModelFormat::onnx;
  std::uint64_t file_bytes = 0;
  ModelMetadata metadata;
  /// As ONNX Runtime sees them: since IR version 4 an initialiser that is also an input is an optional one,
  /// before it is none.
  std::vector<DeclaredValue> inputs;
  std::vector<DeclaredValue> outputs;
  /// Nodes of the graph, the graphs inside them and the functions.
  std::uint64_t nodes = 0;
  std::uint64_t functions = 0;
  /// By domain and type, ascending. `domains` are theirs and those of the opsets.
  std::vector<OperatorCount> operators;
  std::vector<std::string> domains;
  /// Initialisers of all graphs, and tensors in attributes (constants).
  std::uint64_t weights = 0;
  /// Elements of all weights, at most the type's greatest value.
  std::uint64_t weight_elements = 0;
  std::uint64_t inline_weight_bytes = 0;    ///< as they stand in the file
  std::uint64_t external_weight_bytes = 0;  ///< as declared, or what shape and type need
  std::vector<ExternalTensor> external_tensors;

  /// The external files' names, each once, ascending.
  [[nodiscard]] std::vector<std::string> external_locations() const;
};

/// Reads the structure of a model and skips its weights: some KB of a file of any size, in pieces, never
/// mapped. Throws not_found, permission_denied, invalid_argument (no regular file), data_loss (empty,
/// truncated, not a model, nested deeper than protocol buffers allow), resource_exhausted (more than 10
/// million nodes, 64 MB of names and texts, or 64 dimensions). The message names the file.
[[nodiscard]] ModelFile read_model_file(const std::filesystem::path& path);
/// The same for a model in memory, borrowed for the call.
[[nodiscard]] ModelFile read_model_file(std::span<const std::byte> model);

/// Where the external data of `model` lie that it calls `location`: a file below the model's directory, or,
/// where the model or that directory is a link, below the one that holds the real model. The result has no
/// links. Throws permission_denied for an absolute location and one that leads out of there (by ".." or a
/// link), not_found where there is no such file, invalid_argument for what is no file.
[[nodiscard]] std::filesystem::path external_path(const std::filesystem::path& model,
                                                  std::string_view location);

}  // namespace onda::runtime
