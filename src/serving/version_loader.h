#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "onda/log.h"
#include "onda/runtime.h"
#include "onda/session_options.h"
#include "serving/model_config_reader.h"
#include "serving/model_repository.h"
#include "serving/model_version.h"
#include "serving/session_executor.h"

namespace onda::telemetry {
class TraceSettings;
}

namespace onda::serving {

/// When a model's prepared form is made where there is none.
enum class PrepareMode {
  never,
  background,   ///< the version answers from the plain model until then
  before_ready  ///< the version is ready with it
};

struct VersionLoaderOptions {
  SessionOptions session;
  int default_max_batch_size = 64;
  bool default_batching = false;  ///< join requests also where no config says so
  bool strict_config = false;     ///< nothing is completed from the model
  PrepareMode prepare = PrepareMode::background;
  std::size_t max_queue_size = 4096;
  /// Null: no request is traced.
  telemetry::TraceSettings* trace_settings = nullptr;
  LogSink log;
};

/// What is to be loaded.
struct VersionRequest {
  const ModelSource& source;
  const VersionSource& version;
  const ReadConfig& config;
  /// What the files are in, where that goes with the version.
  std::shared_ptr<const void> hold;
};

/// A version that can answer, and what is needed to better its sessions while it does.
struct LoadedVersion {
  std::unique_ptr<ModelVersion> version;
  SessionExecutor* executor = nullptr;  ///< the version's
  std::filesystem::path file;
  /// Of the session of one thread.
  SessionOptions session;
  /// Nobody has said how many threads a run may have: one that is alone may have all.
  bool may_widen = false;
  std::vector<std::string> warnings;
};

/// Opens versions of models. Safe from any thread.
class VersionLoader {
 public:
  VersionLoader(Runtime runtime, VersionLoaderOptions options, WorkerPool& workers, Timing& timing);

  /// Opens the model, completes its configuration, reads its labels and runs its warm-ups. Throws what is
  /// wrong.
  [[nodiscard]] LoadedVersion load(const VersionRequest& request) const;

  /// Makes the prepared form of a version that was opened without, and lets it run from that. `executor`
  /// outlives the call. Throws where it cannot be made.
  void prepare(const LoadedVersion& loaded) const;
  /// Gives a version of a prepared model a session with threads for runs that are alone.
  void widen(const LoadedVersion& loaded) const;

  [[nodiscard]] const VersionLoaderOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] VersionParts parts_of(const VersionRequest& request, const ExecutionSettings& settings,
                                      const Session& session, std::vector<std::string>& warnings) const;
  [[nodiscard]] SchedulerOptions scheduling_of(const ModelConfig& config, const Session& session,
                                               std::vector<std::string>& warnings) const;
  void warm_up(ModelVersion& version, const std::filesystem::path& directory) const;

  Runtime runtime_;
  VersionLoaderOptions options_;
  WorkerPool& workers_;
  Timing& timing_;
};

}  // namespace onda::serving
