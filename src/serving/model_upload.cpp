#include "serving/model_upload.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/parse_number.h"
#include "base/private_directory.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "serving/config_message.h"

namespace onda::serving {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxComponent = 255;
constexpr std::size_t kMaxComponents = 4;

[[noreturn]] void refuse(std::string_view path, const std::string& reason) {
  throw Error(ErrorCode::invalid_argument, "file " + base::quoted(path) + ": " + reason);
}

std::vector<std::string> components_of(std::string_view path) {
  std::vector<std::string> components;
  for (std::string_view rest = path;;) {
    const auto end = rest.find('/');
    components.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) return components;
    rest.remove_prefix(end + 1);
  }
}

/// The parts of a path that may be written.
std::vector<std::string> checked_components(std::string_view path) {
  if (path.starts_with('/')) refuse(path, "the path is absolute, expected <version>/<file name>");
  if (!stays_below(path)) refuse(path, "the path must not contain path traversal characters or empty parts");
  auto components = components_of(path);
  if (components.size() > kMaxComponents)
    refuse(path, "the path has more than " + std::to_string(kMaxComponents) + " parts");
  for (const auto& component : components) {
    if (component.size() > kMaxComponent)
      refuse(path, "a part of the path is longer than " + std::to_string(kMaxComponent) + " bytes");
    if (std::any_of(component.begin(), component.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
      refuse(path, "a part of the path contains a control character");
  }
  // Files beside the versions are labels.
  if (components.size() > 1 && !base::parse_number<std::uint64_t>(components.front()))
    refuse(path, "expected <version>/<file name>, with the version as a number");
  return components;
}

void require_within(std::span<const UploadedFile> files, const UploadOptions& options) {
  if (files.empty()) throw Error(ErrorCode::invalid_argument, "expected at least one file of the model");
  if (files.size() > options.max_files) {
    throw Error(ErrorCode::resource_exhausted, std::to_string(files.size()) +
                                                   " files were sent along, at most " +
                                                   std::to_string(options.max_files) + " are taken");
  }
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    bytes += file.content.size();
    if (bytes > options.max_bytes) {
      throw Error(ErrorCode::resource_exhausted, "the files that were sent along have more than " +
                                                     std::to_string(options.max_bytes) + " bytes");
    }
  }
}

/// All paths, checked before anything is written. None is also a directory of another.
std::vector<std::vector<std::string>> checked_paths(std::span<const UploadedFile> files) {
  std::vector<std::vector<std::string>> paths;
  std::set<std::vector<std::string>> names;
  std::set<std::vector<std::string>> folders;
  for (const auto& file : files) {
    auto components = checked_components(file.path);
    if (!names.insert(components).second) refuse(file.path, "was sent twice");
    for (std::size_t depth = 1; depth < components.size(); ++depth)
      folders.emplace(components.begin(), components.begin() + static_cast<std::ptrdiff_t>(depth));
    paths.push_back(std::move(components));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (folders.contains(paths[i])) refuse(files[i].path, "is a directory of another file");
  }
  return paths;
}

fs::path default_directory() {
  const fs::path cache = PreparedModels::default_directory();
  if (cache.empty()) {
    throw Error(
        ErrorCode::failed_precondition,
        "no directory for the files that were sent along; set ONDA_CACHE_DIR where the server is started");
  }
  return cache / "uploads";
}

void write_file(base::PrivateDirectory& root, const std::vector<std::string>& components,
                std::span<const std::byte> content) {
  using Absent = base::PrivateDirectory::Absent;
  std::optional<base::PrivateDirectory> folder;
  for (std::size_t i = 0; i + 1 < components.size(); ++i)
    folder = (folder ? *folder : root).open_child(components[i], Absent::create);
  (folder ? *folder : root).create_file(components.back()).append(content);
}

}  // namespace

/// The temporary directory, removed at the end.
struct ModelUpload::State {
  State(base::PrivateDirectory given_parent, std::string given_name)
      : parent(std::move(given_parent)), name(std::move(given_name)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { parent.remove_tree(name); }

  base::PrivateDirectory parent;
  std::string name;
  ModelSource source;
};

ModelUpload ModelUpload::write(std::string_view name, std::span<const UploadedFile> files,
                               const UploadOptions& options) {
  if (const auto problem = problem_of_model_name(name); !problem.empty())
    throw Error(ErrorCode::invalid_argument, problem);
  require_within(files, options);
  const auto paths = checked_paths(files);

  using Absent = base::PrivateDirectory::Absent;
  auto parent = base::PrivateDirectory::open(
      options.directory.empty() ? default_directory() : options.directory, Absent::create);
  std::string temporary = parent.create_temporary_directory();
  const auto state = std::make_shared<State>(std::move(parent), std::move(temporary));
  auto folder = state->parent.open_child(state->name, Absent::fail);
  // Named as the model is, so that it reads like a directory of a repository.
  auto root = folder.open_child(name, Absent::create);
  for (std::size_t i = 0; i < files.size(); ++i) write_file(root, paths[i], files[i].content);

  const fs::path& repository = folder.path();
  auto source = find_model({&repository, 1}, name);
  if (!source)
    throw Error(ErrorCode::internal,
                "the files that were sent along are gone: " + base::quoted_path(repository));
  state->source = std::move(*source);
  return ModelUpload(state);
}

const ModelSource& ModelUpload::source() const noexcept { return state_->source; }

}  // namespace onda::serving
