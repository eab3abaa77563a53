#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/pending_file.h"
#include "onda/error.h"

namespace onda::base {
namespace {

void write_all(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// As root, a rename would replace even /dev/null. Opened only now: whoever reads several pipes may open one
/// after the other.
void write_through(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) throw errno_error(errno, "write", path);
  write_all(file.number(), bytes, path);
}

void sync_to_disk(int descriptor, const std::filesystem::path& path) {
  if (fsync(descriptor) != 0) throw errno_error(errno, "sync", path);
}

std::filesystem::path directory_of(const std::filesystem::path& target) {
  return target.has_parent_path() ? target.parent_path() : ".";
}

struct Temporary {
  std::filesystem::path path;
  Descriptor file;
};

Temporary create_beside(const std::filesystem::path& target) {
  // Apart from each other within the process by the count, between processes by the id; where the directory
  // is shared by machines or containers with equal ids, the next count is tried.
  static std::atomic<unsigned> count = 0;
  for (;;) {
    const std::string name =
        ".onda-" + std::to_string(getpid()) + "-" + std::to_string(count.fetch_add(1)) + ".tmp";
    std::filesystem::path path = directory_of(target) / name;
    Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file.is_open()) return {std::move(path), std::move(file)};
    if (errno != EEXIST && errno != EINTR) throw errno_error(errno, "write", target);
  }
}

}  // namespace

PendingFile::PendingFile(const std::filesystem::path& path, std::span<const std::byte> bytes, bool sync)
    : target_(path), sync_(sync) {
  constexpr int kNew = -1;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) throw errno_error(errno, "write", path);
    write_beside(bytes, kNew);
    return;
  }
  if (S_ISDIR(status.st_mode)) throw errno_error(EISDIR, "write", path);
  if (!S_ISREG(status.st_mode)) {
    to_stream_ = bytes;
    is_stream_ = true;
    return;
  }
  // The file behind a link is replaced, not the link.
  std::error_code failed;
  target_ = std::filesystem::canonical(path, failed);
  if (failed) throw errno_error(failed.value(), "write", path);
  write_beside(bytes, static_cast<int>(status.st_mode & 0777));
}

void PendingFile::write_beside(std::span<const std::byte> bytes, int mode) {
  Temporary temporary = create_beside(target_);
  try {
    if (mode >= 0) (void)fchmod(temporary.file.number(), static_cast<mode_t>(mode));
    write_all(temporary.file.number(), bytes, target_);
    if (sync_) sync_to_disk(temporary.file.number(), target_);
    // Some network file systems report a full disk only here.
    if (close(temporary.file.release()) != 0 && errno != EINTR) throw errno_error(errno, "write", target_);
  } catch (const Error&) {
    unlink(temporary.path.c_str());
    throw;
  }
  temporary_ = std::move(temporary.path);
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      to_stream_(other.to_stream_),
      is_stream_(other.is_stream_),
      sync_(other.sync_) {}

PendingFile::~PendingFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void PendingFile::publish() {
  if (is_stream_) return write_through(target_, to_stream_);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) throw errno_error(errno, "write", target_);
  temporary_.clear();
  if (!sync_) return;
  const auto directory = directory_of(target_);
  const Descriptor folder = open_to_read(directory);
  sync_to_disk(folder.number(), directory);
}

}  // namespace onda::base
