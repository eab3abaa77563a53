#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onda::serving {

/// Tells one state of files from another by their times, sizes and inodes, without reading them.
using Fingerprint = std::array<std::byte, 16>;

/// One version of a model in a repository.
struct VersionSource {
  std::int64_t version = 1;
  /// Where its files are; empty where the model is a single file.
  std::filesystem::path directory = {};
  /// What is opened.
  std::filesystem::path file = {};
  /// Why it cannot be served; "" where `file` is there.
  std::string problem = {};
  /// Of all its files.
  Fingerprint fingerprint = {};
};

/// A model in a repository.
struct ModelSource {
  std::string name;
  /// The model's directory; empty where the model is a single file.
  std::filesystem::path directory = {};
  /// config.pbtxt, where there is one.
  std::optional<std::filesystem::path> config = {};
  std::vector<VersionSource> versions = {};  ///< ascending, no duplicates
  /// Why the model as a whole cannot be served; "" otherwise.
  std::string problem = {};
  std::vector<std::string> warnings = {};
  /// Of the configuration and the other files beside it (labels), not of the versions.
  Fingerprint fingerprint = {};
};

struct RepositoryContent {
  std::vector<ModelSource> models;  ///< by name, each once
  std::vector<std::string> warnings;
};

/// Reads directories, no file's content. A repository is a directory of models
/// (`<model>/<version>/model.onnx`, optionally `<model>/config.pbtxt`) and of single `*.onnx` files, each a
/// model under its stem, or one such file. A model that is there twice is listed once, with that as its
/// problem. Throws not_found, permission_denied, invalid_argument for a repository that cannot be read; what
/// is wrong with a model is in its entry.
[[nodiscard]] RepositoryContent read_repositories(std::span<const std::filesystem::path> repositories);

/// The one model of that name, without reading the others; empty where no repository has it. Throws
/// invalid_argument for a name that no model can have, else as above.
[[nodiscard]] std::optional<ModelSource> find_model(std::span<const std::filesystem::path> repositories,
                                                    std::string_view name);

/// Points the versions to this file instead of model.onnx (a configuration's default_model_filename), and
/// says which of them lack it. No change where the model is a single file. Throws invalid_argument where it
/// is no file name.
void locate_model_files(ModelSource& source, std::string_view filename);

/// Why no model can have this name, as a client may be told; "" where it can.
[[nodiscard]] std::string problem_of_model_name(std::string_view name);

}  // namespace onda::serving
