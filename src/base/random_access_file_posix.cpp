#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/random_access_file.h"

namespace onda::base {

RandomAccessFile::RandomAccessFile(const std::filesystem::path& path) : path_(path) {
  struct stat status {};
  descriptor_ = open_regular_file(path, status).release();
  size_ = static_cast<std::uint64_t>(status.st_size);
  // The pieces that are read lie far apart: reading ahead would bring in the weights between them.
  posix_fadvise(descriptor_, 0, 0, POSIX_FADV_RANDOM);
}

RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(std::exchange(other.size_, 0)) {}

RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

RandomAccessFile::~RandomAccessFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::size_t RandomAccessFile::read_at(std::uint64_t offset, std::span<std::byte> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t count =
        pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "read", path_);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

}  // namespace onda::base
