#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/files.h"
#include "base/pending_file.h"
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
  PendingFile(path, bytes, sync).publish();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text, bool sync) {
  write_file_atomically(path, std::as_bytes(std::span(text)), sync);
}

}  // namespace onda::base
