#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onda/log.h"
#include "onda/runtime.h"
#include "serving/model_version.h"
#include "serving/version_loader.h"

namespace onda::serving {

enum class ModelControl { none, poll, explicit_ };

/// Of a version, as the repository index names them.
enum class VersionState { unknown, ready, unavailable, loading, unloading };
[[nodiscard]] std::string_view to_string(VersionState state) noexcept;  ///< "READY", …

/// A line of the index. A model that was never loaded has a name alone.
struct IndexEntry {
  std::string model;
  std::optional<std::int64_t> version;
  std::optional<VersionState> state;
  std::string reason;
};

/// What a load by a client brings along.
struct LoadOverride {
  /// JSON of a model configuration, used instead of the file until the model is unloaded or changes on disk.
  std::optional<std::string> config;
  struct File {
    std::string path;  ///< "<version>/<file name>"
    std::string content;
  };
  /// Instead of the model's directory. They need `config`.
  std::vector<File> files;
};

struct ManagerOptions {
  std::vector<std::filesystem::path> repositories;
  ModelControl control = ModelControl::none;
  /// In `explicit_` mode: loaded at the start; "*" stands for all.
  std::vector<std::string> startup_models;
  std::chrono::seconds poll_interval{15};
  VersionLoaderOptions loading;
  bool strict_readiness = true;  ///< ready needs every model
  bool allow_custom_ops = false;
  /// Of one version.
  std::chrono::milliseconds load_timeout{300'000};
  /// Of an upload.
  std::uint64_t max_upload_bytes = std::uint64_t{2} << 30;
  std::size_t max_upload_files = 256;
  LogSink log;
};

/// The models that are served: finds them for requests, loads and unloads them. Safe from any thread.
///
/// A request finds its version without a lock that a load holds. `load`, `unload` and `rescan` take as long
/// as the work does; calls for one model follow one another.
class ModelManager {
 public:
  ModelManager(Runtime runtime, ManagerOptions options, WorkerPool& workers, Timing& timing);
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;
  /// All requests must have been completed.
  ~ModelManager();

  /// Loads what the mode says, several models at once, and begins to poll where that is the mode. Failures of
  /// single models are logged and in the index. Returns how many models are ready. Throws where no repository
  /// can be read.
  std::size_t start();
  /// Reads the repositories anew (modes none and poll): loads what is new or changed, unloads what is gone.
  void rescan();

  /// For a request. `version` "" is the highest that is ready. Throws not_found (a model or version that was
  /// never known), unavailable (known, not ready), invalid_argument (no number), with the texts that clients
  /// look for.
  [[nodiscard]] std::shared_ptr<ModelVersion> find(std::string_view model, std::string_view version) const;
  /// Whether `find` would succeed; false for unknown ones.
  [[nodiscard]] bool is_ready(std::string_view model, std::string_view version) const noexcept;
  /// Started, not draining and, where that is strict, all models are loaded.
  [[nodiscard]] bool is_ready() const noexcept;
  [[nodiscard]] bool is_draining() const noexcept;

  /// All versions of a model that are ready, ascending. Throws as `find`.
  [[nodiscard]] std::vector<std::shared_ptr<ModelVersion>> versions(std::string_view model) const;
  /// All that are ready, by name and version.
  [[nodiscard]] std::vector<std::shared_ptr<ModelVersion>> all_versions() const;
  [[nodiscard]] std::vector<IndexEntry> index(bool ready_only) const;

  /// Only in `explicit_` mode (unavailable otherwise: "explicit model load / unload is not allowed"). Returns
  /// when the model serves or could not be loaded (invalid_argument); the old version goes on serving until
  /// then, and after a failure.
  void load(std::string_view model, const LoadOverride& override_with = {});
  /// Returns when the last request on it has been answered. A name that is unknown is no error.
  void unload(std::string_view model);

  /// From here on not ready, and no request is taken.
  void drain() noexcept;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace onda::serving
