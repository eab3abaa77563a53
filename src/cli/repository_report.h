#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "onda/preprocess.h"
#include "onda/runtime.h"
#include "onda/session.h"
#include "onda/session_options.h"
#include "serving/model_config.h"
#include "serving/model_repository.h"

namespace onda::cli {

/// One version that its model's policy selects.
struct VersionVerdict {
  std::int64_t version = 1;
  std::string refusal;  ///< empty where it can be served
};

/// How one model of a repository would be served.
struct ServedModel {
  serving::ModelSource source;
  /// Why nothing of it can be served; empty otherwise.
  std::string problem;
  /// Those that would be served, ascending.
  std::vector<VersionVerdict> versions;
  /// Complete, of the highest version that can be served; empty where none can.
  std::optional<serving::ModelConfig> config;
  /// What the configuration says of its sessions.
  serving::ExecutionSettings settings = {};
  /// With what the model's input settles.
  std::optional<Preprocess> preprocess;
  std::string device;                         ///< of that version, after a fallback
  std::map<std::string, std::size_t> labels;  ///< how many, by output
  std::vector<std::string> warnings;

  [[nodiscard]] bool is_served() const noexcept { return config.has_value(); }
  /// Served, and nothing is wrong with any of its versions.
  [[nodiscard]] bool is_well() const noexcept;
};

/// What `onda inspect` has found out about a model repository.
struct RepositoryReport {
  std::string repository;
  std::string runtime_version;
  std::vector<ServedModel> models;
  std::vector<std::string> warnings;

  [[nodiscard]] bool is_well() const noexcept;
};

/// Opens every version that would be served, one after the other, and serves none. Throws for a repository
/// that cannot be read; what is wrong with a model is in its entry.
[[nodiscard]] RepositoryReport inspect_repository(const Runtime& runtime,
                                                  const std::filesystem::path& repository,
                                                  const SessionOptions& options);

[[nodiscard]] std::string repository_text(const RepositoryReport& report);
[[nodiscard]] std::string repository_json(const RepositoryReport& report);

}  // namespace onda::cli
