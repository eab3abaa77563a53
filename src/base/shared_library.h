#pragma once

#include <filesystem>
#include <string>

namespace onda::base {

/// A library opened at run time. Closed never: what it registered with the process would outlive it.
class SharedLibrary {
 public:
  /// A bare file name is looked up by the system's loader, a path is opened as it is. Throws not_found (no
  /// such file), data_loss (not a loadable library), with the loader's own text.
  explicit SharedLibrary(const std::filesystem::path& path);

  /// Null where the library has no such symbol.
  [[nodiscard]] void* symbol(const char* name) const noexcept;
  /// The file that the loader opened.
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  void* handle_ = nullptr;
  std::filesystem::path file_;
};

/// A symbol that all of the process sees: of the program, where it exports it, or of the libraries that it
/// was linked with. Null where there is none.
[[nodiscard]] void* global_symbol(const char* name) noexcept;

/// The running program's file; empty where the system does not tell.
[[nodiscard]] std::filesystem::path program_file();

}  // namespace onda::base
