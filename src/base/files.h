#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace onda::base {

/// What tells one state of a file from another without reading it. Equal stamps: trusted to be equal content.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Of a regular file, links followed. Throws not_found, permission_denied, invalid_argument (a directory, a
/// device, a pipe).
[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& path);

/// The whole file, or what a pipe or device gives until its end. Throws not_found, permission_denied,
/// invalid_argument (a directory), resource_exhausted when it is larger than `limit_bytes` (before
/// allocating, where the size is known), data_loss on a read error.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t limit_bytes);

/// What standard input gives until its end. Throws as `read_file` does.
[[nodiscard]] std::vector<std::byte> read_standard_input(std::uint64_t limit_bytes);

/// Writes a temporary file beside `path`, optionally syncs it, and renames it: readers see the old or the
/// whole new content. Nothing is left behind on failure. A file that is replaced keeps its permissions;
/// behind a link its target is replaced; a pipe or a device is written to as it is. Throws permission_denied,
/// not_found (the directory), invalid_argument (`path` is a directory), resource_exhausted (disk full),
/// internal.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes,
                           bool sync = false);
void write_file_atomically(const std::filesystem::path& path, std::string_view text, bool sync = false);

}  // namespace onda::base
