#include "base/descriptor_posix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/errno_error.h"
#include "base/quoted.h"

namespace onda::base {
namespace {

Descriptor open_with(const std::filesystem::path& path, int flags) {
  int number = -1;
  do {
    number = open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  } while (number < 0 && errno == EINTR);
  if (number < 0) throw errno_error(errno, "open", path);
  return Descriptor(number);
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

int Descriptor::release() noexcept { return std::exchange(number_, -1); }

void Descriptor::reset() noexcept {
  if (number_ >= 0) close(release());
}

Descriptor open_to_read(const std::filesystem::path& path) { return open_with(path, 0); }

Descriptor open_regular_file(const std::filesystem::path& path, struct stat& status) {
  Descriptor file = open_with(path, O_NONBLOCK);
  if (fstat(file.number(), &status) != 0) throw errno_error(errno, "inspect", path);
  require_regular_file(status, path);
  return file;
}

void require_regular_file(const struct stat& status, const std::filesystem::path& path) {
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::invalid_argument,
                quoted_path(path) + " is " + kind_of(status.st_mode) + ", expected a file");
  }
}

}  // namespace onda::base
