#include "runtime/prepared_workspace.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/quoted.h"
#include "base/random_access_file.h"
#include "onda/error.h"
#include "runtime/model_file.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;
using base::PrivateDirectory;

constexpr std::string_view kCopies = "in";
constexpr std::string_view kOutput = "out";
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

void copy_file(const fs::path& from, std::uint64_t bytes, base::PrivateFile& to) {
  const base::RandomAccessFile source(from);
  std::vector<std::byte> piece(kPieceBytes);
  for (std::uint64_t done = 0; done < bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - done));
    const std::size_t count = source.read_at(done, std::span(piece).first(wanted));
    if (count == 0) {
      throw Error(ErrorCode::failed_precondition, base::quoted_path(from) +
                                                      " became shorter while it was being prepared; try "
                                                      "again when it is whole");
    }
    to.append(std::span(piece).first(count));
    done += count;
  }
}

/// Makes the directories on the way to `name`, one in the other, and the file.
base::PrivateFile create_below(PrivateDirectory& directory, const fs::path& name) {
  std::optional<PrivateDirectory> inner;
  for (const fs::path& part : name.parent_path())
    inner = (inner ? *inner : directory).open_child(part.string(), PrivateDirectory::Absent::create);
  return (inner ? *inner : directory).create_file(name.filename().string());
}

}  // namespace

PreparedWorkspace::PreparedWorkspace(PrivateDirectory& cache)
    : cache_(cache),
      name_(cache.create_temporary_directory()),
      directory_(cache.open_child(name_, PrivateDirectory::Absent::fail)),
      output_(directory_.open_child(kOutput, PrivateDirectory::Absent::create)) {}

PreparedWorkspace::~PreparedWorkspace() { cache_.remove_tree(name_); }

fs::path PreparedWorkspace::copy(const ModelIdentity& identity) {
  auto copies = directory_.open_child(kCopies, PrivateDirectory::Absent::create);
  const fs::path model = identity.opened.filename();
  std::set<fs::path> done;
  for (const IdentifiedFile& file : identity.files) {
    const bool is_model = file.name.empty();
    // "./w" and "w" are one file.
    const fs::path name = is_model ? model : fs::path(file.name).lexically_normal();
    const fs::path location(file.name);
    if (std::find(location.begin(), location.end(), "..") != location.end()) {
      throw Error(ErrorCode::failed_precondition, "the location of its external data, " +
                                                      base::quoted(file.name) +
                                                      ", leads through \"..\"; such a model of 2 GB or "
                                                      "more is not prepared");
    }
    if (!done.insert(name).second) continue;
    auto to = create_below(copies, name);
    copy_file(is_model ? identity.model : external_path(identity.opened, file.name), file.stamp.size, to);
  }
  return copies.path() / model;
}

void PreparedWorkspace::remove_copies() noexcept { directory_.remove_tree(kCopies); }

}  // namespace onda::runtime
