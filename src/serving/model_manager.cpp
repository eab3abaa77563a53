#include "serving/model_manager.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/files.h"
#include "base/machine.h"
#include "onda/error.h"
#include "serving/limited_work.h"
#include "serving/model_config_reader.h"
#include "serving/model_repository.h"
#include "serving/model_upload.h"
#include "serving/network_config.h"
#include "serving/serial_thread.h"
#include "serving/striped_pointer.h"
#include "serving/version_policy.h"

namespace onda::serving {
namespace {

using Clock = std::chrono::steady_clock;

/// The versions of a model that are ready, ascending.
using VersionSet = std::vector<std::shared_ptr<ModelVersion>>;

std::string unknown(std::string_view model) {
  return "Request for unknown model: '" + std::string(model) + "'";
}

/// What a client may be told of a file's name: nothing of the directories above it.
std::string strip(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Set once something that others wait for is over.
class Latch {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

/// A version that is loaded, and where it came from.
struct Loaded {
  std::shared_ptr<ModelVersion> version;
  std::shared_ptr<const LoadedVersion> parts;  // its `version` is moved from
  std::shared_ptr<Latch> gone;                 // opened when it has been destroyed
  Fingerprint files = {};
};

/// What the index says of a version.
struct Record {
  VersionState state = VersionState::unknown;
  std::string reason;
};

/// A configuration, and files, that a client gave at a load.
struct Override {
  std::optional<ReadConfig> config;
  std::optional<ModelUpload> upload;
  Fingerprint disk = {};  // of the model's own files then
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// All that is known of one model.
struct Entry {
  explicit Entry(std::string model) : name(std::move(model)) {}

  const std::string name;
  StripedPointer<const VersionSet> serving;

  std::mutex work;  // held by who loads or unloads it
  // Guarded by `work`.
  std::map<std::int64_t, Loaded> loaded;
  std::optional<Override> override_with;
  Fingerprint config_files = {};  // that the loaded ones were made with
  bool is_config_overridden = false;

  mutable std::mutex mutex;
  // Guarded by `mutex`.
  std::map<std::int64_t, Record> records;
  std::string problem;  // of the model as a whole, where it cannot be loaded
  bool is_wanted = false;
};

using Directory = std::unordered_map<std::string, std::shared_ptr<Entry>, StringHash, std::equal_to<>>;

std::int64_t parse_version(std::string_view model, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0 && text.front() != '-')
    return number;
  throw Error(ErrorCode::invalid_argument, "failed to get model version from specified version string '" +
                                               std::string(text.substr(0, 64)) + "' for model '" +
                                               std::string(model) + "': expected a whole number, 0 or more");
}

}  // namespace

std::string_view to_string(VersionState state) noexcept {
  switch (state) {
    case VersionState::ready:
      return "READY";
    case VersionState::unavailable:
      return "UNAVAILABLE";
    case VersionState::loading:
      return "LOADING";
    case VersionState::unloading:
      return "UNLOADING";
    case VersionState::unknown:
      break;
  }
  return "UNKNOWN";
}

class ModelManager::Impl {
 public:
  Impl(Runtime runtime, ManagerOptions options, WorkerPool& workers, Timing& timing)
      : options_(std::move(options)),
        loader_(
            std::make_shared<const VersionLoader>(std::move(runtime), options_.loading, workers, timing)) {
    directory_.store(std::make_shared<const Directory>());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    poller_ = {};
    // Preparing may hold a version: it ends first, then the versions go, on the thread that buries them.
    is_ending_ = true;
    preparer_.reset();
    directory_.store(nullptr);
    buryer_.reset();
  }

  std::size_t start();
  void rescan();

  [[nodiscard]] std::shared_ptr<Entry> entry_of(std::string_view model) const {
    const auto directory = directory_.load();
    const auto found = directory->find(model);
    return found == directory->end() ? nullptr : found->second;
  }

  [[nodiscard]] std::shared_ptr<ModelVersion> find(std::string_view model, std::string_view version) const {
    const auto directory = directory_.load();
    const auto found = directory->find(model);
    if (found == directory->end()) throw Error(ErrorCode::not_found, unknown(model) + " is not found");
    const Entry& entry = *found->second;
    const auto set = entry.serving.load();
    if (version.empty()) {
      // Shares the count of the set, and so keeps the version.
      if (set && !set->empty()) return {set, set->back().get()};
      refuse(entry, std::nullopt);
    }
    const std::int64_t number = parse_version(model, version);
    if (set) {
      for (const auto& one : *set) {
        if (one->number() == number) return {set, one.get()};
      }
    }
    refuse(entry, number);
  }

  [[nodiscard]] bool is_ready() const noexcept;
  [[nodiscard]] std::vector<IndexEntry> index(bool ready_only) const;
  void load(std::string_view model, const LoadOverride& with);
  void unload(std::string_view model);

  [[nodiscard]] std::vector<std::shared_ptr<ModelVersion>> all_versions() const {
    std::vector<std::shared_ptr<ModelVersion>> all;
    const auto directory = directory_.load();
    std::map<std::string_view, const Entry*> sorted;
    for (const auto& [name, entry] : *directory) sorted[name] = entry.get();
    for (const auto& [name, entry] : sorted) {
      const auto set = entry->serving.load();
      if (set) all.insert(all.end(), set->begin(), set->end());
    }
    return all;
  }

  void drain() noexcept { is_draining_ = true; }
  [[nodiscard]] bool is_draining() const noexcept { return is_draining_.load(); }

 private:
  [[noreturn]] static void refuse(const Entry& entry, std::optional<std::int64_t> version);

  void log(LogLevel level, const std::string& text) const {
    if (options_.log) options_.log(level, text);
  }

  std::shared_ptr<Entry> make_entry(std::string_view model);
  [[nodiscard]] ReadConfig read_config(const ModelSource& source) const;
  void load_source(Entry& entry, ModelSource source, const ReadConfig& config,
                   std::shared_ptr<const void> hold, bool must_load_anew);
  [[nodiscard]] Loaded load_version(const Entry& entry, const ModelSource& source,
                                    const VersionSource& version, const ReadConfig& config,
                                    std::shared_ptr<const void> hold);
  void better(const Entry& entry, const Loaded& loaded);
  void publish(Entry& entry);
  void drop(Entry& entry, std::int64_t number, const std::string& reason, bool waits);
  void drop_all(Entry& entry, const std::string& reason, bool waits);
  void load_from_disk(Entry& entry, ModelSource source);
  void poll(const std::stop_token& stop);

  const ManagerOptions options_;
  const std::shared_ptr<const VersionLoader> loader_;
  std::atomic<bool> is_started_{false};
  std::atomic<bool> is_draining_{false};
  std::atomic<bool> is_ending_{false};

  StripedPointer<const Directory> directory_;
  std::mutex directory_mutex_;  // held by who changes the directory
  std::mutex rescan_mutex_;

  // Destroys versions: no thread that answers requests does.
  std::unique_ptr<SerialThread> buryer_ = std::make_unique<SerialThread>();
  std::unique_ptr<SerialThread> preparer_ = std::make_unique<SerialThread>();
  std::jthread poller_;
};

void ModelManager::Impl::refuse(const Entry& entry, std::optional<std::int64_t> version) {
  const std::scoped_lock lock(entry.mutex);
  if (entry.records.empty() && entry.problem.empty()) {
    throw Error(ErrorCode::not_found, unknown(entry.name) + " is not found");
  }
  if (!version) throw Error(ErrorCode::not_found, unknown(entry.name) + " has no available versions");
  const auto text = unknown(entry.name) + " version " + std::to_string(*version);
  if (!entry.records.contains(*version)) throw Error(ErrorCode::not_found, text + " is not found");
  throw Error(ErrorCode::unavailable, text + " is not at ready state");
}

std::shared_ptr<Entry> ModelManager::Impl::make_entry(std::string_view model) {
  if (auto known = entry_of(model)) return known;
  const std::scoped_lock lock(directory_mutex_);
  auto directory = std::make_shared<Directory>(*directory_.load());
  auto& entry = (*directory)[std::string(model)];
  if (!entry) entry = std::make_shared<Entry>(std::string(model));
  auto made = entry;
  directory_.store(std::move(directory));
  return made;
}

ReadConfig ModelManager::Impl::read_config(const ModelSource& source) const {
  if (!source.config) return {};
  const auto bytes = base::read_file(*source.config, kMaxConfigBytes);
  ConfigReadOptions reading;
  reading.allow_custom_ops = options_.allow_custom_ops;
  try {
    return read_config_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, reading);
  } catch (const Error& error) {
    throw error.with_context("config.pbtxt");
  }
}

Loaded ModelManager::Impl::load_version(const Entry& entry, const ModelSource& source,
                                        const VersionSource& version, const ReadConfig& config,
                                        std::shared_ptr<const void> hold) {
  // Owned by the work: it may go on after nobody waits for it.
  struct Job {
    ModelSource source;
    VersionSource version;
    ReadConfig config;
    std::shared_ptr<const void> hold;
    LoadedVersion loaded;
  };
  auto job = std::make_shared<Job>(Job{source, version, config, std::move(hold), {}});
  const auto begin = Clock::now();
  run_limited(options_.load_timeout, "loading the model", [job, loader = loader_] {
    job->loaded = loader->load({job->source, job->version, job->config, job->hold});
  });
  for (const auto& warning : job->loaded.warnings)
    log(LogLevel::warning, "model \"" + entry.name + "\": " + warning);

  Loaded loaded;
  loaded.files = version.fingerprint;
  loaded.gone = std::make_shared<Latch>();
  ModelVersion* const raw = job->loaded.version.release();
  // Destroyed by a thread of ours, whoever lets go of it last.
  loaded.version = std::shared_ptr<ModelVersion>(raw, [this, gone = loaded.gone](ModelVersion* last) {
    buryer_->post([last, gone] {
      delete last;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a shared_ptr
      gone->open();
    });
  });
  loaded.parts = std::shared_ptr<const LoadedVersion>(job, &job->loaded);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  log(LogLevel::info, "loaded \"" + entry.name + "\" version " + std::to_string(version.version) + " in " +
                          std::to_string(took.count()) + " ms");
  return loaded;
}

/// Lets a version run from a prepared model, and with threads where those help, once there is time for it.
void ModelManager::Impl::better(const Entry& entry, const Loaded& loaded) {
  struct Work {
    std::weak_ptr<ModelVersion> version;
    std::shared_ptr<const LoadedVersion> parts;
    std::string name;
  };
  auto work = std::make_shared<const Work>(Work{loaded.version, loaded.parts, entry.name});
  const auto attempt = [this, work](const char* doing,
                                    void (VersionLoader::*step)(const LoadedVersion&) const) {
    const auto version = work->version.lock();
    if (!version || is_ending_.load()) return;
    try {
      (loader_.get()->*step)(*work->parts);
      log(LogLevel::verbose, std::string(doing) + " \"" + work->name + "\": done");
    } catch (const std::exception& error) {
      log(LogLevel::info, std::string(doing) + " \"" + work->name + "\": " + error.what());
    }
  };
  const auto post = [this](std::function<void()> step) {
    try {
      if (!is_ending_.load()) preparer_->post(std::move(step));
    } catch (const std::bad_alloc&) {
      log(LogLevel::warning, "no memory for preparing a model");
    }
  };
  SessionExecutor& executor = *loaded.parts->executor;
  if (loaded.parts->may_widen) {
    executor.when_threads_would_help(
        [attempt, post] { post([attempt] { attempt("giving threads to", &VersionLoader::widen); }); });
  }
  if (options_.loading.prepare == PrepareMode::background &&
      executor.sessions().one_thread.prepared() == PreparedState::missing) {
    post([attempt] { attempt("preparing", &VersionLoader::prepare); });
  }
}

void ModelManager::Impl::publish(Entry& entry) {
  auto set = std::make_shared<VersionSet>();
  for (const auto& [number, loaded] : entry.loaded) set->push_back(loaded.version);
  entry.serving.store(std::move(set));
}

/// With `entry.work` held. `waits`: until its last request has been answered and it is gone.
void ModelManager::Impl::drop(Entry& entry, std::int64_t number, const std::string& reason, bool waits) {
  const auto found = entry.loaded.find(number);
  if (found == entry.loaded.end()) return;
  {
    const std::scoped_lock lock(entry.mutex);
    entry.records[number] = {VersionState::unloading, ""};
  }
  const auto gone = found->second.gone;
  entry.loaded.erase(found);
  publish(entry);
  if (waits) gone->wait();
  const std::scoped_lock lock(entry.mutex);
  entry.records[number] = {VersionState::unavailable, reason};
}

void ModelManager::Impl::drop_all(Entry& entry, const std::string& reason, bool waits) {
  while (!entry.loaded.empty()) drop(entry, entry.loaded.begin()->first, reason, waits);
}

/// With `entry.work` held. Loads what the policy selects and has changed; what it no longer selects goes.
/// Throws where a version could not be loaded; then what was loaded before stays.
void ModelManager::Impl::load_source(Entry& entry, ModelSource source, const ReadConfig& config,
                                     std::shared_ptr<const void> hold, bool must_load_anew) {
  for (const auto& warning : source.warnings)
    log(LogLevel::warning, "model \"" + entry.name + "\": " + warning);
  for (const auto& warning : config.warnings)
    log(LogLevel::warning, "model \"" + entry.name + "\": " + warning);
  if (!config.config.default_model_filename.empty())
    locate_model_files(source, config.config.default_model_filename);
  std::vector<std::int64_t> available;
  for (const auto& version : source.versions) available.push_back(version.version);
  const auto selected = select(config.config.version_policy, available);
  if (selected.empty()) {
    throw Error(
        ErrorCode::invalid_argument,
        "no version of it is there: expected a directory with a number for its name, as 1/model.onnx");
  }
  std::map<std::int64_t, Loaded> fresh;
  std::string failures;
  for (const std::int64_t number : selected) {
    const auto& version = *std::find_if(source.versions.begin(), source.versions.end(),
                                        [&](const VersionSource& one) { return one.version == number; });
    const auto known = entry.loaded.find(number);
    if (!must_load_anew && known != entry.loaded.end() && known->second.files == version.fingerprint)
      continue;
    const bool is_serving = known != entry.loaded.end();
    if (!is_serving) {
      const std::scoped_lock lock(entry.mutex);
      entry.records[number] = {VersionState::loading, ""};
    }
    try {
      fresh[number] = load_version(entry, source, version, config, hold);
    } catch (const std::exception& error) {
      const auto reason = strip(error.what());
      log(LogLevel::error,
          "cannot load \"" + entry.name + "\" version " + std::to_string(number) + ": " + reason);
      failures += (failures.empty() ? "" : "; ") +
                  ("version " + std::to_string(number) + " is at UNAVAILABLE state: ") + reason;
      if (is_serving) continue;
      const std::scoped_lock lock(entry.mutex);
      entry.records[number] = {VersionState::unavailable, reason};
    }
  }
  if (failures.empty() || entry.loaded.empty()) {
    for (auto& [number, loaded] : fresh) {
      better(entry, loaded);
      // The old one of the same number goes on with its requests and ends by itself.
      entry.loaded[number] = std::move(loaded);
    }
    std::vector<std::int64_t> old;
    for (const auto& [number, loaded] : entry.loaded) {
      if (std::find(selected.begin(), selected.end(), number) == selected.end()) old.push_back(number);
    }
    publish(entry);
    {
      const std::scoped_lock lock(entry.mutex);
      for (const auto& [number, loaded] : entry.loaded) entry.records[number] = {VersionState::ready, ""};
      entry.problem.clear();
    }
    for (const std::int64_t number : old) drop(entry, number, "unloaded", false);
  }
  if (!failures.empty()) throw Error(ErrorCode::invalid_argument, failures);
}

/// With `entry.work` held.
void ModelManager::Impl::load_from_disk(Entry& entry, ModelSource source) {
  {
    const std::scoped_lock lock(entry.mutex);
    entry.is_wanted = true;
  }
  try {
    if (!source.problem.empty()) throw Error(ErrorCode::failed_precondition, source.problem);
    if (entry.override_with && entry.override_with->disk != source.fingerprint) entry.override_with.reset();
    const ReadConfig config = entry.override_with && entry.override_with->config
                                  ? *entry.override_with->config
                                  : read_config(source);
    const Fingerprint files = source.fingerprint;
    const bool has_changed =
        entry.config_files != files || entry.is_config_overridden != entry.override_with.has_value();
    load_source(entry, std::move(source), config, nullptr, has_changed);
    entry.config_files = files;
    entry.is_config_overridden = entry.override_with.has_value();
  } catch (const Error& error) {
    const std::scoped_lock lock(entry.mutex);
    if (entry.loaded.empty()) entry.problem = strip(error.what());
    throw;
  }
}

std::size_t ModelManager::Impl::start() {
  std::vector<ModelSource> sources;
  const bool takes_all = options_.control != ModelControl::explicit_ ||
                         std::find(options_.startup_models.begin(), options_.startup_models.end(), "*") !=
                             options_.startup_models.end();
  if (takes_all) {
    RepositoryContent content = read_repositories(options_.repositories);
    for (const auto& warning : content.warnings) log(LogLevel::warning, warning);
    sources = std::move(content.models);
  } else {
    // Also to find out that they can be read.
    for (const auto& name : options_.startup_models) {
      auto source = find_model(options_.repositories, name);
      if (!source)
        throw Error(ErrorCode::not_found, "--load-model " + name + ": no repository has that model");
      sources.push_back(std::move(*source));
    }
    if (sources.empty()) static_cast<void>(read_repositories(options_.repositories));
  }
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> ready{0};
  const auto load_some = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++) {
      const auto entry = make_entry(sources[i].name);
      const std::scoped_lock lock(entry->work);
      const std::string name = sources[i].name;
      try {
        load_from_disk(*entry, std::move(sources[i]));
        ++ready;
      } catch (const std::exception& error) {
        log(LogLevel::error, "cannot load model \"" + name + "\": " + error.what());
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto threads =
        std::min<std::size_t>(static_cast<std::size_t>(base::usable_cores()), sources.size());
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(load_some);
    load_some();
  }
  is_started_ = true;
  if (options_.control == ModelControl::poll) {
    poller_ = std::jthread([this](const std::stop_token& stop) { poll(stop); });
  }
  return ready;
}

void ModelManager::Impl::poll(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, options_.poll_interval, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      rescan();
    } catch (const std::exception& error) {
      log(LogLevel::warning, std::string("cannot read the model repository: ") + error.what());
    }
  }
}

void ModelManager::Impl::rescan() {
  const std::scoped_lock one_at_a_time(rescan_mutex_);
  RepositoryContent content = read_repositories(options_.repositories);
  std::set<std::string, std::less<>> there;
  for (ModelSource& source : content.models) {
    there.insert(source.name);
    const auto entry = make_entry(source.name);
    const std::scoped_lock lock(entry->work);
    // What failed is tried again when its files have changed.
    const bool is_known_bad = [&] {
      const std::scoped_lock state(entry->mutex);
      return entry->loaded.empty() && !entry->problem.empty() && entry->config_files == source.fingerprint;
    }();
    if (is_known_bad) continue;
    const Fingerprint files = source.fingerprint;
    const std::string name = source.name;
    try {
      load_from_disk(*entry, std::move(source));
    } catch (const std::exception& error) {
      entry->config_files = files;
      log(LogLevel::error, "cannot load model \"" + name + "\": " + error.what());
    }
  }
  const auto directory = directory_.load();
  for (const auto& [name, entry] : *directory) {
    if (there.contains(name)) continue;
    const std::scoped_lock lock(entry->work);
    drop_all(*entry, "unloaded", false);
    const std::scoped_lock state(entry->mutex);
    entry->is_wanted = false;
    entry->problem.clear();
  }
}

bool ModelManager::Impl::is_ready() const noexcept {
  if (!is_started_.load() || is_draining_.load()) return false;
  if (!options_.strict_readiness) return true;
  const auto directory = directory_.load();
  return std::all_of(directory->begin(), directory->end(), [](const auto& item) {
    const Entry& entry = *item.second;
    const std::scoped_lock lock(entry.mutex);
    if (!entry.is_wanted) return true;
    if (!entry.problem.empty()) return false;
    return std::none_of(entry.records.begin(), entry.records.end(), [](const auto& record) {
      return record.second.state == VersionState::loading ||
             (record.second.state == VersionState::unavailable && record.second.reason != "unloaded");
    });
  });
}

std::vector<IndexEntry> ModelManager::Impl::index(bool ready_only) const {
  std::map<std::string, std::vector<IndexEntry>> lines;
  const auto directory = directory_.load();
  for (const auto& [name, entry] : *directory) {
    auto& of_model = lines[name];
    const std::scoped_lock lock(entry->mutex);
    for (const auto& [number, record] : entry->records) {
      of_model.push_back({name, number, record.state, record.reason});
    }
    if (entry->records.empty() && !entry->problem.empty()) {
      of_model.push_back({name, std::nullopt, VersionState::unavailable, entry->problem});
    }
    if (of_model.empty()) of_model.push_back({name, std::nullopt, std::nullopt, ""});
  }
  if (options_.control == ModelControl::explicit_ && !ready_only) {
    try {
      for (const auto& source : read_repositories(options_.repositories).models) {
        auto& of_model = lines[source.name];
        if (of_model.empty()) of_model.push_back({source.name, std::nullopt, std::nullopt, ""});
        if (!source.problem.empty() && !of_model.front().version) {
          of_model.front().state = VersionState::unavailable;
          of_model.front().reason = source.problem;
        }
      }
    } catch (const Error& error) {
      log(LogLevel::warning, std::string("cannot read the model repository: ") + error.what());
    }
  }
  std::vector<IndexEntry> all;
  for (auto& [name, of_model] : lines) {
    for (auto& line : of_model) {
      if (!ready_only || line.state == VersionState::ready) all.push_back(std::move(line));
    }
  }
  return all;
}

void ModelManager::Impl::load(std::string_view model, const LoadOverride& with) {
  if (options_.control != ModelControl::explicit_) {
    throw Error(
        ErrorCode::unavailable,
        "explicit model load / unload is not allowed if polling is enabled or the mode is none; start the "
        "server with --model-control explicit");
  }
  if (const auto problem = problem_of_model_name(model); !problem.empty()) {
    throw Error(ErrorCode::invalid_argument, problem);
  }
  if (!with.files.empty() && !with.config) {
    throw Error(ErrorCode::invalid_argument,
                "failed to load '" + std::string(model) +
                    "', override model directory requires the parameter 'config'");
  }
  std::optional<ReadConfig> config;
  if (with.config) {
    std::vector<std::string> names;
    for (const auto& file : with.files) names.push_back(file.path);
    config = read_network_config(*with.config, model, names);
  }
  auto source = with.files.empty() ? find_model(options_.repositories, model) : std::nullopt;
  if (with.files.empty() && !source) {
    throw Error(ErrorCode::internal,
                "failed to load '" + std::string(model) + "', failed to poll from model repository");
  }
  log(LogLevel::verbose, "a client loads \"" + std::string(model) + '"');
  const auto entry = make_entry(model);
  const std::scoped_lock lock(entry->work);
  try {
    if (!with.config) {
      // An upload goes on until the model is unloaded.
      if (entry->override_with && entry->override_with->upload) return;
      load_from_disk(*entry, std::move(*source));
      return;
    }
    Override changed;
    changed.config = std::move(config);
    ModelSource from;
    std::shared_ptr<const void> hold;
    if (with.files.empty()) {
      if (!source->problem.empty()) throw Error(ErrorCode::failed_precondition, source->problem);
      from = std::move(*source);
      changed.disk = from.fingerprint;
    } else {
      std::vector<UploadedFile> files;
      for (const auto& file : with.files) {
        files.push_back({file.path, std::as_bytes(std::span(file.content.data(), file.content.size()))});
      }
      UploadOptions uploading;
      uploading.max_files = options_.max_upload_files;
      uploading.max_bytes = options_.max_upload_bytes;
      changed.upload = ModelUpload::write(model, files, uploading);
      from = changed.upload->source();
      hold = changed.upload->hold();
    }
    const Fingerprint files = from.fingerprint;
    {
      const std::scoped_lock state(entry->mutex);
      entry->is_wanted = true;
    }
    load_source(*entry, std::move(from), *changed.config, std::move(hold), true);
    entry->override_with = std::move(changed);
    entry->config_files = files;
    entry->is_config_overridden = true;
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_argument,
                "load failed for model '" + std::string(model) + "': " + error.what());
  }
}

void ModelManager::Impl::unload(std::string_view model) {
  if (options_.control != ModelControl::explicit_) {
    throw Error(
        ErrorCode::unavailable,
        "explicit model load / unload is not allowed if polling is enabled or the mode is none; start the "
        "server with --model-control explicit");
  }
  if (const auto problem = problem_of_model_name(model); !problem.empty()) {
    throw Error(ErrorCode::invalid_argument, problem);
  }
  log(LogLevel::verbose, "a client unloads \"" + std::string(model) + '"');
  const auto entry = entry_of(model);
  if (!entry) return;
  const std::scoped_lock lock(entry->work);
  drop_all(*entry, "unloaded", true);
  entry->override_with.reset();
  entry->is_config_overridden = false;
  const std::scoped_lock state(entry->mutex);
  entry->is_wanted = false;
  entry->problem.clear();
  for (auto& [number, record] : entry->records) record = {VersionState::unavailable, "unloaded"};
}

ModelManager::ModelManager(Runtime runtime, ManagerOptions options, WorkerPool& workers, Timing& timing)
    : impl_(std::make_unique<Impl>(std::move(runtime), std::move(options), workers, timing)) {}

ModelManager::~ModelManager() = default;

std::size_t ModelManager::start() { return impl_->start(); }
void ModelManager::rescan() { impl_->rescan(); }

std::shared_ptr<ModelVersion> ModelManager::find(std::string_view model, std::string_view version) const {
  return impl_->find(model, version);
}

bool ModelManager::is_ready(std::string_view model, std::string_view version) const noexcept {
  try {
    return impl_->find(model, version) != nullptr;
  } catch (...) {
    return false;
  }
}

bool ModelManager::is_ready() const noexcept { return impl_->is_ready(); }
bool ModelManager::is_draining() const noexcept { return impl_->is_draining(); }

std::vector<std::shared_ptr<ModelVersion>> ModelManager::versions(std::string_view model) const {
  static_cast<void>(impl_->find(model, ""));
  std::vector<std::shared_ptr<ModelVersion>> versions;
  if (const auto entry = impl_->entry_of(model)) {
    if (const auto set = entry->serving.load()) versions.assign(set->begin(), set->end());
  }
  return versions;
}

std::vector<std::shared_ptr<ModelVersion>> ModelManager::all_versions() const {
  return impl_->all_versions();
}
std::vector<IndexEntry> ModelManager::index(bool ready_only) const { return impl_->index(ready_only); }

void ModelManager::load(std::string_view model, const LoadOverride& override_with) {
  impl_->load(model, override_with);
}
void ModelManager::unload(std::string_view model) { impl_->unload(model); }
void ModelManager::drain() noexcept { impl_->drain(); }

}  // namespace onda::serving
