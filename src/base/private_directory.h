#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"

namespace onda::base {

/// A file of a private directory, open; closed by the destructor. Its lock, if it has one, ends with it.
class PrivateFile {
 public:
  PrivateFile(PrivateFile&& other) noexcept;
  PrivateFile& operator=(PrivateFile&& other) noexcept;
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;
  ~PrivateFile();

  [[nodiscard]] FileStamp stamp() const;
  /// The whole content. Throws resource_exhausted past `limit_bytes`, data_loss on a read error.
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t limit_bytes) const;
  /// Adds to the end. Throws resource_exhausted (disk full), permission_denied, internal.
  void append(std::span<const std::byte> bytes);
  /// Until the disk has it. Throws as `append`.
  void sync();
  /// Sets both of its times to now; false where that is not allowed (a read-only file system).
  bool touch() noexcept;
  /// For `MappedFile`; stays this object's.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  friend class PrivateDirectory;
  PrivateFile(int descriptor, std::filesystem::path path) noexcept
      : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::filesystem::path path_;  // for messages
};

/// A directory that only the effective user can have put anything into. Everything in it is reached relative
/// to the directory that was checked, whatever happens to its path afterwards. Names are single components.
/// Safe from any thread: it holds no state but the descriptor.
class PrivateDirectory {
 public:
  enum class Absent { fail, create };

  struct Item {
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t mtime_ns = 0;
  };

  /// The last component may not be a link; parents may. With `create`, missing parents are made too, all
  /// 0700. Refused is one that belongs to another user, or that group or others may write. Throws not_found
  /// (absent, with `fail`), permission_denied with what is wrong and what to do, invalid_argument (no
  /// directory).
  static PrivateDirectory open(const std::filesystem::path& path, Absent absent);
  /// The same for a directory in this one.
  [[nodiscard]] PrivateDirectory open_child(std::string_view name, Absent absent) const;
  /// Takes from others the right to read it, where the file system lets us; changes nothing for the owner.
  void narrow() noexcept;

  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&& other) noexcept;
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// False on a read-only file system or without the permission.
  [[nodiscard]] bool is_writable() const noexcept;

  /// Its regular files, in no order.
  [[nodiscard]] std::vector<Item> list() const;
  /// Its directories, in no order; their sizes mean nothing.
  [[nodiscard]] std::vector<Item> list_directories() const;

  /// Empty where there is none. Throws permission_denied for a link, for what is no regular file, and for a
  /// file that belongs to another user or that group or others may write.
  [[nodiscard]] std::optional<PrivateFile> open_file(std::string_view name) const;
  /// The same for reading and adding, made 0600 whatever it was. For a file that another library wrote here.
  [[nodiscard]] std::optional<PrivateFile> adopt_file(std::string_view name);
  /// A new file, 0600. Throws already_exists, permission_denied, resource_exhausted.
  [[nodiscard]] PrivateFile create_file(std::string_view name);
  /// The same under a name that nobody else uses: kTemporaryPrefix, digits, `suffix`.
  struct Temporary {
    std::string name;
    PrivateFile file;
  };
  static constexpr std::string_view kTemporaryPrefix = "tmp-";
  [[nodiscard]] Temporary create_temporary(std::string_view suffix);
  /// A new directory under such a name; the name. Throws permission_denied, resource_exhausted.
  [[nodiscard]] std::string create_temporary_directory();

  /// Takes the place of `to`, if that is there. Throws not_found, permission_denied.
  void rename(std::string_view from, std::string_view to);
  /// The same for a file of another directory, on the same file system.
  void take(const PrivateDirectory& other, std::string_view from, std::string_view to);
  /// False where there is no such file, or it cannot be removed.
  bool remove(std::string_view name) noexcept;
  /// Removes a directory with all that is in it, following no links. What cannot be removed stays.
  void remove_tree(std::string_view name) noexcept;
  /// Until the disk has the names.
  void sync();

  /// Held by one process and one caller at a time; waits for its turn. Ends with the returned object or its
  /// process. Empty where the file system has no such locks.
  [[nodiscard]] std::optional<PrivateFile> lock() const;

 private:
  PrivateDirectory(int descriptor, std::filesystem::path path) noexcept
      : descriptor_(descriptor), path_(std::move(path)) {}
  [[nodiscard]] std::optional<PrivateFile> open_with(std::string_view name, int flags) const;
  [[nodiscard]] std::vector<Item> list_of(unsigned type) const;
  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace onda::base
