#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/quoted.h"
#include "base/shared_memory_object.h"

namespace onda::base {
namespace {

std::string name_of(std::string_view key) {
  std::string_view name = key;
  if (name.starts_with('/')) name.remove_prefix(1);
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::invalid_argument,
                base::quoted(key) +
                    " is no name of a shared-memory object: expected one like \"/name\", without "
                    "another slash");
  }
  return "/" + std::string(name);
}

struct stat status_of(int descriptor, const std::string& name) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) throw errno_error(errno, "examine the shared memory", name);
  return status;
}

/// Throws where a file system could not count so far.
void require_offsets(std::uint64_t offset, std::size_t size, const std::string& name) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (offset > kMost || size > kMost - offset) {
    throw Error(ErrorCode::invalid_argument, "shared memory " + base::quoted(name) + ": " +
                                                 std::to_string(size) + " bytes from " +
                                                 std::to_string(offset) + " on are more than any object has");
  }
}

Error too_short(const std::string& name, std::uint64_t offset, std::size_t wanted, std::uint64_t end) {
  return {ErrorCode::invalid_argument, "shared memory " + base::quoted(name) + " is too short: expected " +
                                           std::to_string(wanted) + " bytes from " + std::to_string(offset) +
                                           " on, it ends at " + std::to_string(end)};
}

}  // namespace

SharedMemoryObject::SharedMemoryObject(std::string_view key) : name_(name_of(key)) {
  Descriptor descriptor;
  do {
    // Without waiting: what stands under the name may be a pipe.
    descriptor = Descriptor(shm_open(name_.c_str(), O_RDWR | O_NONBLOCK, 0));
  } while (!descriptor.is_open() && errno == EINTR);
  if (!descriptor.is_open()) throw errno_error(errno, "open the shared memory", name_);
  if (!S_ISREG(status_of(descriptor.number(), name_).st_mode)) {
    throw Error(ErrorCode::invalid_argument, base::quoted(name_) + " is no shared memory");
  }
  descriptor_ = descriptor.release();
}

SharedMemoryObject::SharedMemoryObject(SharedMemoryObject&& other) noexcept
    : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

SharedMemoryObject& SharedMemoryObject::operator=(SharedMemoryObject&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

SharedMemoryObject::~SharedMemoryObject() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::uint64_t SharedMemoryObject::size() const {
  return static_cast<std::uint64_t>(status_of(descriptor_, name_).st_size);
}

void SharedMemoryObject::read(std::uint64_t offset, std::span<std::byte> to) const {
  require_offsets(offset, to.size(), name_);
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t count =
        pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "read the shared memory", name_);
    if (count == 0) throw too_short(name_, offset, to.size(), offset + done);
    done += static_cast<std::size_t>(count);
  }
}

void SharedMemoryObject::write(std::uint64_t offset, std::span<const std::byte> from) const {
  require_offsets(offset, from.size(), name_);
  // Writing past the end would make the object longer.
  const std::uint64_t end = size();
  if (end < offset + from.size()) throw too_short(name_, offset, from.size(), end);
  std::size_t done = 0;
  while (done < from.size()) {
    const ssize_t count =
        pwrite(descriptor_, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "write the shared memory", name_);
    if (count == 0) throw errno_error(ENOSPC, "write the shared memory", name_);
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace onda::base
