#pragma once

#include <onnxruntime_c_api.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_library.h"

namespace onda::runtime {

/// ONNX Runtime's library, opened at run time; stays open for good.
class Library {
 public:
  /// Looks in `search_path(explicit_path)`, in order. A place that is named explicitly (by the caller or the
  /// environment) must work; the others are tried one after the other. Throws as Runtime::initialize says.
  static Library open(const std::filesystem::path& explicit_path);

  /// Paths, or a bare name for the system's loader.
  static std::vector<std::filesystem::path> search_path(const std::filesystem::path& explicit_path);

  [[nodiscard]] const OrtApi& api() const noexcept { return *api_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  /// A symbol of the library or of what it is linked with; null where there is none.
  [[nodiscard]] void* symbol(const char* name) const noexcept { return library_.symbol(name); }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return library_.file(); }

 private:
  explicit Library(base::SharedLibrary library);

  base::SharedLibrary library_;
  const OrtApi* api_ = nullptr;
  std::string version_;
};

/// The minor version of "1.29.0", which is the number of the newest API it serves. Empty for anything else.
[[nodiscard]] std::optional<int> api_version_of(std::string_view version) noexcept;

}  // namespace onda::runtime
