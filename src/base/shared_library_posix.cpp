#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/errno_error.h"
#include "base/quoted.h"
#include "base/shared_library.h"
#include "onda/error.h"

namespace onda::base {
namespace {

/// The loader reports a library that is absent and one that lacks a dependency in the same words but for the
/// name.
bool is_absent(const std::filesystem::path& path, const std::string& loader_text) {
  return loader_text.starts_with(path.string() + ": cannot open shared object file: No such file");
}

}  // namespace

SharedLibrary::SharedLibrary(const std::filesystem::path& path) {
  // An empty name would open the program itself.
  if (path.empty()) throw Error(ErrorCode::not_found, "cannot load a library: its file name is empty");
  const bool is_bare_name = !path.has_parent_path();
  struct stat status {};
  if (!is_bare_name && stat(path.c_str(), &status) != 0) throw errno_error(errno, "load", path);

  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    const char* reported = dlerror();
    std::string text = reported == nullptr ? "unknown reason" : reported;
    const ErrorCode code = is_absent(path, text) ? ErrorCode::not_found : ErrorCode::data_loss;
    // The loader starts with the name as it was given.
    if (const std::string prefix = path.string() + ": "; text.starts_with(prefix))
      text.erase(0, prefix.size());
    throw Error(code, "cannot load " + quoted_path(path) + ": " + text);
  }
  link_map* loaded = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void*>(&loaded)) == 0 && loaded != nullptr) {
    file_ = loaded->l_name;
  }
}

void* SharedLibrary::symbol(const char* name) const noexcept { return dlsym(handle_, name); }

void* global_symbol(const char* name) noexcept { return dlsym(RTLD_DEFAULT, name); }

std::filesystem::path program_file() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

}  // namespace onda::base
