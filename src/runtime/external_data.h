#pragma once

#include <onnxruntime_c_api.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "runtime/environment.h"

namespace onda::runtime {

/// The external data files of a model, read into memory of our own for the length of a load. ONNX Runtime
/// would map them for as long as the session lives: a file cut short in place would then end the process, one
/// overwritten would change the answers.
class ExternalData {
 public:
  /// `locations` as `model` names them. Throws not_found, permission_denied (outside the model's directory),
  /// resource_exhausted (together larger than the memory that this process may use).
  ExternalData(const std::filesystem::path& model, std::span<const std::string> locations);

  /// Must stay alive until the session is made.
  void add_to(const Environment& environment, OrtSessionOptions& options) const;

 private:
  std::vector<std::filesystem::path> names_;
  std::vector<std::vector<std::byte>> contents_;
};

}  // namespace onda::runtime
