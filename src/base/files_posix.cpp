#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/files.h"
#include "base/quoted.h"

namespace onda::base {
namespace {

constexpr std::size_t kFirstPiece = 64 * 1024;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(time.tv_nsec);
}

Error too_large(const std::filesystem::path& path, const std::string& size, std::uint64_t limit) {
  return {ErrorCode::resource_exhausted,
          quoted_path(path) + " has " + size + ", the limit is " + std::to_string(limit) + " bytes"};
}

std::size_t read_some(int descriptor, std::span<std::byte> to, const std::filesystem::path& path) {
  ssize_t count = -1;
  do {
    count = read(descriptor, to.data(), to.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw errno_error(errno, "read", path);
  return static_cast<std::size_t>(count);
}

/// The size is a hint: files of /proc say 0, pipes nothing, and a file may grow while it is read.
std::vector<std::byte> read_all(int descriptor, const std::filesystem::path& path, std::uint64_t limit) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) throw errno_error(errno, "inspect", path);
  if (S_ISDIR(status.st_mode)) throw errno_error(EISDIR, "read", path);
  const auto size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (size > limit) throw too_large(path, std::to_string(size) + " bytes", limit);

  // One byte more than is expected, so that the end is seen without another allocation.
  std::vector<std::byte> bytes(size > 0 ? static_cast<std::size_t>(size) + 1 : kFirstPiece);
  std::size_t used = 0;
  while (const std::size_t count = read_some(descriptor, std::span(bytes).subspan(used), path)) {
    used += count;
    if (used > limit) throw too_large(path, "more bytes than may be read", limit);
    if (used == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(used);
  return bytes;
}

void write_all(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// A new file beside the one that it will replace, removed unless it has been renamed.
class PendingFile {
 public:
  PendingFile(const std::filesystem::path& directory, const std::filesystem::path& target);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  [[nodiscard]] int descriptor() const noexcept { return file_.number(); }
  void rename_to(const std::filesystem::path& target);

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

PendingFile::PendingFile(const std::filesystem::path& directory, const std::filesystem::path& target) {
  // Apart from each other within the process by the count, between processes by the id; where the directory
  // is shared by machines or containers with equal ids, the next count is tried.
  static std::atomic<unsigned> count = 0;
  do {
    const std::string name =
        ".onda-" + std::to_string(getpid()) + "-" + std::to_string(count.fetch_add(1)) + ".tmp";
    const std::filesystem::path path = directory / name;
    file_ = Descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file_.is_open()) path_ = path;
  } while (!file_.is_open() && (errno == EEXIST || errno == EINTR));
  if (!file_.is_open()) throw errno_error(errno, "write", target);
}

void PendingFile::rename_to(const std::filesystem::path& target) {
  // Some network file systems report a full disk only here.
  if (close(file_.release()) != 0 && errno != EINTR) throw errno_error(errno, "write", target);
  if (rename(path_.c_str(), target.c_str()) != 0) throw errno_error(errno, "write", target);
  path_.clear();
}

void sync(int descriptor, const std::filesystem::path& path) {
  if (fsync(descriptor) != 0) throw errno_error(errno, "sync", path);
}

void replace(const std::filesystem::path& target, std::span<const std::byte> bytes,
             const struct stat* replaced, bool synced) {
  const std::filesystem::path directory = target.has_parent_path() ? target.parent_path() : ".";
  PendingFile pending(directory, target);
  if (replaced != nullptr) (void)fchmod(pending.descriptor(), replaced->st_mode & 0777);
  write_all(pending.descriptor(), bytes, target);
  if (synced) sync(pending.descriptor(), target);
  pending.rename_to(target);
  if (synced) {
    const Descriptor folder = open_to_read(directory);
    sync(folder.number(), directory);
  }
}

/// A pipe or a device is written to: as root, a rename would replace even /dev/null.
void write_through(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) throw errno_error(errno, "write", path);
  write_all(file.number(), bytes, path);
}

}  // namespace

FileStamp stamp_of(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throw errno_error(errno, "open", path);
  require_regular_file(status, path);
  return {.device = static_cast<std::uint64_t>(status.st_dev),
          .inode = static_cast<std::uint64_t>(status.st_ino),
          .size = static_cast<std::uint64_t>(status.st_size),
          .mtime_ns = nanoseconds(status.st_mtim),
          .ctime_ns = nanoseconds(status.st_ctim)};
}

std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t limit_bytes) {
  const Descriptor file = open_to_read(path);
  return read_all(file.number(), path, limit_bytes);
}

std::vector<std::byte> read_standard_input(std::uint64_t limit_bytes) {
  return read_all(STDIN_FILENO, "standard input", limit_bytes);
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes, bool sync) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) throw errno_error(errno, "write", path);
    return replace(path, bytes, nullptr, sync);
  }
  if (S_ISDIR(status.st_mode)) throw errno_error(EISDIR, "write", path);
  if (!S_ISREG(status.st_mode)) return write_through(path, bytes);
  // The file behind a link is replaced, not the link.
  std::error_code failed;
  const std::filesystem::path target = std::filesystem::canonical(path, failed);
  if (failed) throw errno_error(failed.value(), "write", path);
  replace(target, bytes, &status, sync);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text, bool sync) {
  write_file_atomically(path, std::as_bytes(std::span(text)), sync);
}

}  // namespace onda::base
