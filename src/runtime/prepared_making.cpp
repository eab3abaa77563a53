// How a model becomes an entry of the cache: the part of PreparedStore that writes.
#include <system_error>
#include <utility>

#include "base/machine.h"
#include "base/mapped_file.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "runtime/prepared_references.h"
#include "runtime/prepared_store.h"
#include "runtime/prepared_workspace.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using base::PrivateDirectory;

constexpr const char* kGraph = "graph.onnx";
// What protocol buffers can hold.
constexpr std::uint64_t kMaxGraphBytes = std::uint64_t{1} << 31;

/// Removes a file again unless it was kept.
class TemporaryName {
 public:
  TemporaryName(PrivateDirectory& directory, std::string name)
      : directory_(directory), name_(std::move(name)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!name_.empty()) directory_.remove(name_);
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  void rename_to(const std::string& name) {
    directory_.rename(name_, name);
    name_.clear();
  }

 private:
  PrivateDirectory& directory_;
  std::string name_;
};

void require_unchanged(const ModelIdentity& identity) {
  if (identity.is_current()) return;
  throw Error(
      ErrorCode::failed_precondition,
      base::quoted_path(identity.model) + " changed while it was being prepared; try again when it is whole");
}

void require_within_limit(std::uint64_t bytes, std::uint64_t limit_bytes) {
  if (bytes <= limit_bytes) return;
  throw Error(ErrorCode::failed_precondition, "the prepared model has " + std::to_string(bytes) +
                                                  " bytes, more than the cache may hold (" +
                                                  std::to_string(limit_bytes) + ")");
}

base::PrivateFile saved_file(PrivateDirectory& directory, const std::string& name) {
  auto file = directory.adopt_file(name);
  if (!file)
    throw Error(ErrorCode::failed_precondition, "the prepared model was removed while it was being saved");
  return std::move(*file);
}

/// A full disk is not always told by ONNX Runtime.
void require_whole(std::span<const std::byte> graph, const std::string& name, std::uint64_t weights_bytes) {
  try {
    require_own_references(graph, name, weights_bytes);
  } catch (const Error& error) {
    throw Error(ErrorCode::failed_precondition,
                std::string("not all of the model was saved; the disk may be full: ") + error.what());
  }
}

}  // namespace

std::shared_ptr<const MappedEntry> PreparedStore::make_ort(const Making& making) {
  TemporaryName saved(directory_, directory_.create_temporary(".ort").name);
  making.save({.path = directory_.path() / saved.name(), .weights = {}, .copy = {}});
  require_unchanged(making.identity);
  auto file = saved_file(directory_, saved.name());
  if (file.stamp().size == 0)
    throw Error(ErrorCode::failed_precondition, "nothing was saved as the prepared model");
  append_trailer(file, PreparedForm::ort, 0, making);
  auto entry = map_new(making, file);
  saved.rename_to(making.key.name);
  return entry;
}

std::shared_ptr<const MappedEntry> PreparedStore::make_external(const Making& making) {
  PreparedWorkspace workspace(directory_);
  PrivateDirectory& output = workspace.output();
  const std::string& name = making.key.name;
  {
    const auto copy = workspace.copy(making.identity);
    making.save({.path = output.path() / kGraph, .weights = name, .copy = copy});
    workspace.remove_copies();
  }
  require_unchanged(making.identity);
  // ONNX Runtime leaves no file where no weight is large enough to go into it.
  auto weights = output.adopt_file(name);
  base::PrivateFile file = weights ? std::move(*weights) : output.create_file(name);
  const std::uint64_t weights_bytes = file.stamp().size;
  const auto graph = saved_file(output, kGraph).read(kMaxGraphBytes);
  if (graph.empty()) throw Error(ErrorCode::failed_precondition, "nothing was saved as the prepared model");
  require_within_limit(weights_bytes + graph.size(), limits_.cache_bytes);
  require_whole(graph, name, weights_bytes);
  file.append(graph);
  append_trailer(file, PreparedForm::external, weights_bytes, making);
  auto entry = map_new(making, file);
  directory_.take(output, name, name);
  return entry;
}

/// Makes an entry of what was saved, on the disk before it returns.
void PreparedStore::append_trailer(base::PrivateFile& file, PreparedForm form, std::uint64_t external_bytes,
                                   const Making& making) const {
  std::vector<std::byte> trailer;
  {
    const base::MappedFile saved(file.descriptor());
    const auto weights = saved.bytes().first(static_cast<std::size_t>(external_bytes));
    trailer =
        entry_trailer({.form = form, .external = weights, .model = saved.bytes().subspan(weights.size())},
                      making.key.material, making.description);
    require_within_limit(saved.bytes().size() + trailer.size(), limits_.cache_bytes);
  }
  file.append(trailer);
  file.sync();
}

/// Before the first byte is written, what is certain to fail later. The external form's weights take as much
/// room as the model's, up to twice that with their packed forms, beside a copy of the model; and where all
/// of them are packed, as much memory.
void PreparedStore::require_room(std::uint64_t model_bytes) const {
  const std::string has = "the model has " + std::to_string(model_bytes) + " bytes with its external data; ";
  if (model_bytes > limits_.cache_bytes) {
    throw Error(ErrorCode::failed_precondition,
                has + "the cache of prepared models may hold " + std::to_string(limits_.cache_bytes));
  }
  const std::uint64_t memory = limits_.memory_bytes.value_or(base::inspect_machine().usable_memory_bytes);
  if (model_bytes > memory) {
    throw Error(
        ErrorCode::failed_precondition,
        has + "preparing it needs about as much memory, and this process may use " + std::to_string(memory));
  }
  std::error_code unknown;
  const auto space = fs::space(directory_.path(), unknown);
  if (!unknown && space.available / 2 < model_bytes) {
    throw Error(ErrorCode::failed_precondition,
                has + "preparing it needs at least twice that on the disk, and " +
                    base::quoted_path(directory_.path()) + " has room for " +
                    std::to_string(space.available));
  }
}

}  // namespace onda::runtime
