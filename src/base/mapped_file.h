#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace onda::base {

/// A read-only mapping of a file that nobody shortens or overwrites: only Onda's own, which are replaced by
/// rename. A file cut short under a mapping ends the process, so a user's file is never mapped past a load.
class MappedFile {
 public:
  MappedFile() noexcept = default;
  /// Throws not_found, permission_denied, resource_exhausted, invalid_argument (no regular file).
  explicit MappedFile(const std::filesystem::path& path);
  /// Maps an open descriptor, which stays the caller's.
  explicit MappedFile(int descriptor);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// Takes the pages out of this process's memory until they are read again (from the system's file cache, as
  /// a rule). Safe beside readers.
  void drop_pages() const noexcept;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace onda::base
