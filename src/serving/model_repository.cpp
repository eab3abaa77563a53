#include "serving/model_repository.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <system_error>

#include "base/digest.h"
#include "base/errno_error.h"
#include "base/files.h"
#include "base/parse_number.h"
#include "base/quoted.h"
#include "base/utf8.h"
#include "onda/error.h"
#include "serving/config_message.h"
#include "serving/model_config.h"

namespace onda::serving {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigFilename = "config.pbtxt";
constexpr const char* kModelSuffix = ".onnx";
constexpr const char* kInTwoPlaces = "model appears in two or more repositories";
/// Names on common file systems have no more.
constexpr std::size_t kMaxName = 255;
/// What a fingerprint looks at, at most: a version has a handful of files.
constexpr std::size_t kMaxFiles = 10'000;
constexpr int kMaxDepth = 4;

/// The entries of a directory by name, so that each reading has the same order. Throws as
/// `read_repositories`.
std::vector<fs::path> entries_of(const fs::path& directory) {
  std::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed))
    entries.push_back(at->path());
  if (failed) throw base::errno_error(failed.value(), "read", directory);
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Links followed: what an entry stands for. One that leads nowhere is neither.
bool leads_to_directory(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}
bool leads_to_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

class FingerprintMaker {
 public:
  /// A file that cannot be looked at counts as its name: it changes the fingerprint when it comes or goes.
  void add(const fs::path& file) {
    if (++files_ > kMaxFiles) return;
    const std::string& name = file.native();
    hash_.update(std::as_bytes(std::span(name.data(), name.size() + 1)));
    try {
      const base::FileStamp stamp = base::stamp_of(file);
      const std::uint64_t numbers[] = {stamp.device, stamp.inode, stamp.size,
                                       static_cast<std::uint64_t>(stamp.mtime_ns),
                                       static_cast<std::uint64_t>(stamp.ctime_ns)};
      hash_.update(std::as_bytes(std::span(numbers)));
    } catch (const Error&) {
      hash_.update(std::as_bytes(std::span("?", 1)));
    }
  }

  void add_files_of(const fs::path& directory) {
    for (const auto& entry : entries_of(directory)) {
      if (!leads_to_directory(entry)) add(entry);
    }
  }

  void add_tree(const fs::path& directory, int depth = 0) {
    for (const auto& entry : entries_of(directory)) {
      if (files_ > kMaxFiles) return;
      if (!leads_to_directory(entry)) {
        add(entry);
      } else if (depth < kMaxDepth) {
        add_tree(entry, depth + 1);
      }
    }
  }

  [[nodiscard]] Fingerprint finish() { return hash_.finish(); }

 private:
  base::Xxh3 hash_;
  std::size_t files_ = 0;
};

/// The version that a directory's name stands for; empty where it is none.
std::optional<std::int64_t> version_of(const std::string& name, std::vector<std::string>& warnings) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  const auto version = base::parse_number<std::int64_t>(name);
  if (version && (name == "0" || name.front() != '0')) return version;
  warnings.push_back("the directory " + base::quoted(name) + " is left out: expected a version as a number " +
                     (version ? "without leading zeros" : "of at most 63 bits"));
  return {};
}

VersionSource version_in(const fs::path& directory, std::int64_t number) {
  VersionSource version{.version = number, .directory = directory};
  try {
    FingerprintMaker maker;
    maker.add_tree(directory);
    version.fingerprint = maker.finish();
  } catch (const Error& error) {
    version.problem = error.what();
  }
  return version;
}

/// Throws what makes the directory unreadable.
void read_model_directory(ModelSource& source) {
  FingerprintMaker maker;
  maker.add_files_of(source.directory);
  source.fingerprint = maker.finish();
  const fs::path config = source.directory / kConfigFilename;
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(config, ignored))) source.config = config;
  for (const auto& entry : entries_of(source.directory)) {
    if (!leads_to_directory(entry)) continue;
    if (const auto number = version_of(entry.filename().string(), source.warnings))
      source.versions.push_back(version_in(entry, *number));
  }
  std::sort(source.versions.begin(), source.versions.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
}

std::string problem_of_no_versions(const ModelSource& source) {
  std::string problem = "at least one version must be available: expected " +
                        base::quoted_path(fs::path(source.name) / "1" / ModelConfig::kModelFilename);
  if (leads_to_file(source.directory / ModelConfig::kModelFilename))
    problem += ", found model.onnx without a version";
  return problem;
}

ModelSource model_in_directory(const fs::path& directory) {
  ModelSource source;
  source.name = directory.filename().string();
  source.directory = directory;
  source.problem = problem_of_model_name(source.name);
  try {
    read_model_directory(source);
  } catch (const Error& error) {
    source.problem = error.what();
    return source;
  }
  if (source.versions.empty() && source.problem.empty()) source.problem = problem_of_no_versions(source);
  locate_model_files(source, ModelConfig::kModelFilename);
  return source;
}

ModelSource model_of_file(const fs::path& file) {
  ModelSource source;
  source.name = file.stem().string();
  source.problem = problem_of_model_name(source.name);
  VersionSource version{.version = 1, .file = file};
  FingerprintMaker maker;
  maker.add(file);
  version.fingerprint = maker.finish();
  source.versions.push_back(std::move(version));
  return source;
}

bool is_model_file(const fs::path& path) { return path.extension() == kModelSuffix && leads_to_file(path); }

/// A hidden directory is a model only where it looks like one: repositories hold .git, ..data and the like.
bool is_model_directory(const fs::path& path) {
  if (!leads_to_directory(path)) return false;
  if (path.filename().native().front() != '.') return true;
  const ModelSource source = model_in_directory(path);
  return source.config.has_value() || !source.versions.empty();
}

std::string looks_like_a_model(const fs::path& repository) {
  return base::quoted_path(repository) +
         " looks like a model, not like a repository: give the directory that holds it, " +
         base::quoted_path(repository.parent_path());
}

class Reader {
 public:
  void read(const fs::path& repository) {
    if (leads_to_file(repository)) return add(model_of_file(repository));
    if (leads_to_file(repository / kConfigFilename)) warn(looks_like_a_model(repository));
    for (const auto& entry : entries_of(repository)) {
      if (is_model_file(entry)) {
        add(model_of_file(entry));
      } else if (is_model_directory(entry)) {
        add(model_in_directory(entry));
      }
    }
  }

  RepositoryContent finish() && {
    RepositoryContent content;
    content.warnings = std::move(warnings_);
    for (auto& [name, source] : models_) content.models.push_back(std::move(source));
    return content;
  }

 private:
  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  void add(ModelSource&& source) {
    std::string name = source.name;
    const auto [at, is_new] = models_.try_emplace(std::move(name), std::move(source));
    if (is_new) return;
    // Neither is the right one.
    at->second = ModelSource{.name = at->first, .problem = kInTwoPlaces};
  }

  std::map<std::string, ModelSource> models_;
  std::vector<std::string> warnings_;
};

/// A repository that is gone is an error, and not one without models: nothing may be unloaded for a lost
/// disk.
void require_repository(const fs::path& repository) {
  std::error_code failed;
  const auto status = fs::status(repository, failed);
  if (status.type() == fs::file_type::not_found) {
    throw Error(ErrorCode::not_found, "the model repository " + base::quoted_path(repository) +
                                          " is not there: give a directory of models, or a model file");
  }
  if (failed) throw base::errno_error(failed.value(), "read", repository);
  if (fs::is_directory(status) || fs::is_regular_file(status)) return;
  throw Error(ErrorCode::invalid_argument, "the model repository " + base::quoted_path(repository) +
                                               " is neither a directory of models nor a model file");
}

/// What this repository has under the name.
std::vector<ModelSource> models_named(const fs::path& repository, const std::string& name) {
  std::vector<ModelSource> found;
  if (leads_to_file(repository)) {
    if (repository.stem() == name) found.push_back(model_of_file(repository));
    return found;
  }
  if (is_model_directory(repository / name)) found.push_back(model_in_directory(repository / name));
  if (is_model_file(repository / (name + kModelSuffix)))
    found.push_back(model_of_file(repository / (name + kModelSuffix)));
  return found;
}

std::string problem_of_file(const VersionSource& version) {
  if (leads_to_file(version.file)) return {};
  std::error_code ignored;
  const bool is_there = fs::exists(fs::symlink_status(version.file, ignored));
  return "version " + std::to_string(version.version) + ": " + base::quoted_path(version.file) +
         (is_there ? " is no file that can be read" : " is not there");
}

}  // namespace

std::string problem_of_model_name(std::string_view name) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (std::all_of(name.begin(), name.end(), is_blank)) return "Model name cannot be empty";
  if (name == "." || name == ".." || name.find('/') != std::string_view::npos)
    return "model name must not contain path traversal characters: " + base::quoted(name);
  if (name.size() > kMaxName)
    return "model name " + base::quoted(name) + " is longer than " + std::to_string(kMaxName);
  if (!base::is_utf8(name)) return "model name " + base::quoted(name) + " is not UTF-8";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(name.begin(), name.end(), is_control))
    return "model name " + base::quoted(name) + " contains a control character";
  if (name == "stats")
    return "no model can be named \"stats\": the path /v2/models/stats is that of all models' statistics";
  return {};
}

RepositoryContent read_repositories(std::span<const fs::path> repositories) {
  Reader reader;
  for (const auto& repository : repositories) {
    require_repository(repository);
    reader.read(repository);
  }
  return std::move(reader).finish();
}

std::optional<ModelSource> find_model(std::span<const fs::path> repositories, std::string_view name) {
  if (const auto problem = problem_of_model_name(name); !problem.empty())
    throw Error(ErrorCode::invalid_argument, problem);
  std::vector<ModelSource> found;
  for (const auto& repository : repositories) {
    require_repository(repository);
    for (auto& source : models_named(repository, std::string(name))) found.push_back(std::move(source));
  }
  if (found.empty()) return {};
  if (found.size() > 1) return ModelSource{.name = std::string(name), .problem = kInTwoPlaces};
  return std::move(found.front());
}

void locate_model_files(ModelSource& source, std::string_view filename) {
  if (filename.empty()) filename = ModelConfig::kModelFilename;
  if (!stays_below(filename) || filename.find('/') != std::string_view::npos) {
    throw Error(ErrorCode::invalid_argument,
                "default_model_filename " + base::quoted(filename) + " is no file name");
  }
  for (auto& version : source.versions) {
    if (version.directory.empty()) continue;
    version.file = version.directory / filename;
    // A directory of that name holds the model together with its external data.
    if (leads_to_directory(version.file)) version.file /= ModelConfig::kModelFilename;
    version.problem = problem_of_file(version);
  }
}

}  // namespace onda::serving
