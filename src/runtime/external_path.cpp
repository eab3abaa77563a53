#include <algorithm>
#include <string>
#include <system_error>

#include "base/errno_error.h"
#include "base/files.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "runtime/model_file.h"

namespace onda::runtime {
namespace {

namespace fs = std::filesystem;

fs::path without_links(const fs::path& path) {
  std::error_code failed;
  fs::path result = fs::canonical(path, failed);
  if (failed) throw base::errno_error(failed.value(), "open", path);
  return result;
}

/// Both without links.
bool is_below(const fs::path& path, const fs::path& directory) {
  const auto [in_directory, in_path] =
      std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return in_directory == directory.end() && in_path != path.end();
}

Error refusal(const char* why) {
  return {ErrorCode::permission_denied, std::string(why) + "; put the file beside the model"};
}

fs::path directory_of(const fs::path& model) { return model.has_parent_path() ? model.parent_path() : "."; }

fs::path checked_path(const fs::path& model, std::string_view location) {
  if (location.empty() || location.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::invalid_argument, "it is no file name");
  }
  const fs::path relative(location);
  if (relative.is_absolute()) throw refusal("an absolute path is not allowed");
  // Before the file system is asked, so that nothing is learnt about what lies outside.
  if (const fs::path first = *relative.lexically_normal().begin(); first == "..") {
    throw refusal("it lies outside of the model's directory");
  }
  const fs::path directory = directory_of(model);
  const fs::path found = without_links(directory / relative);
  const bool is_inside =
      is_below(found, without_links(directory)) || is_below(found, directory_of(without_links(model)));
  if (!is_inside) throw refusal("a link leads out of the model's directory");
  (void)base::stamp_of(found);
  return found;
}

}  // namespace

std::filesystem::path external_path(const std::filesystem::path& model, std::string_view location) {
  try {
    return checked_path(model, location);
  } catch (const Error& error) {
    throw error.with_context(base::quoted_path(model) + ": external data " + base::quoted(location));
  }
}

}  // namespace onda::runtime
