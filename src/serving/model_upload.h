#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "serving/model_repository.h"

namespace onda::serving {

/// A file that a client sends along with a load. Borrowed.
struct UploadedFile {
  /// "<version>/<file name>", or deeper below the version.
  std::string_view path;
  std::span<const std::byte> content;
};

struct UploadOptions {
  std::size_t max_files = 256;
  std::uint64_t max_bytes = std::uint64_t{2} << 30;  ///< of all files together
  /// Where the temporary directory is made: private to this user, made where it is missing. Empty: "uploads"
  /// in the cache's directory.
  std::filesystem::path directory = {};
};

/// The files of a model that came over the network, in a directory that only this user can read, which goes
/// with the last handle.
class ModelUpload {
 public:
  /// Nothing is written unless all files may be. Throws invalid_argument for a path that leads out of the
  /// directory, is absolute, has a component that is empty, too long, or no file name, or does not begin with
  /// a version; the same path twice; and for no files at all. resource_exhausted for more files or bytes than
  /// allowed, and a full disk.
  static ModelUpload write(std::string_view name, std::span<const UploadedFile> files,
                           const UploadOptions& options = {});

  /// As if it had been read from a repository. Valid while a handle lives.
  [[nodiscard]] const ModelSource& source() const noexcept;

  /// Owns the directory: hold it as long as the files are needed.
  [[nodiscard]] std::shared_ptr<const void> hold() const noexcept { return state_; }

 private:
  struct State;
  explicit ModelUpload(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace onda::serving
