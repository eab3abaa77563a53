#include "support/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

namespace onda::test {
namespace {

std::atomic<int> made{0};

}  // namespace

SharedMemory::SharedMemory(std::string_view content)
    : key_("/onda-test-" + std::to_string(getpid()) + "-" + std::to_string(made++)) {
  descriptor_ = shm_open(key_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  if (descriptor_ < 0) throw std::runtime_error("cannot make shared memory " + key_);
  resize(content.size());
  fill(0, content);
}

SharedMemory::~SharedMemory() {
  close(descriptor_);
  shm_unlink(key_.c_str());
}

std::string SharedMemory::content() const {
  struct stat status {};
  fstat(descriptor_, &status);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (pread(descriptor_, text.data(), text.size(), 0) != status.st_size) text.clear();
  return text;
}

void SharedMemory::resize(std::uint64_t size) noexcept {
  static_cast<void>(ftruncate(descriptor_, static_cast<off_t>(size)) == 0);
}

void SharedMemory::fill(std::uint64_t offset, std::string_view content) noexcept {
  static_cast<void>(pwrite(descriptor_, content.data(), content.size(), static_cast<off_t>(offset)) > 0);
}

}  // namespace onda::test
