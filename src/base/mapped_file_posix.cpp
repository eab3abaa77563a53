#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/mapped_file.h"

namespace onda::base {
namespace {

std::span<const std::byte> map(int descriptor, const struct stat& status, const std::filesystem::path& path) {
  const auto size = static_cast<std::size_t>(status.st_size);
  // The system refuses to map nothing.
  if (size == 0) return {};
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED) throw errno_error(errno, "map", path);
  return {static_cast<const std::byte*>(address), size};
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  struct stat status {};
  const Descriptor file = open_regular_file(path, status);
  bytes_ = map(file.number(), status, path);
}

MappedFile::MappedFile(int descriptor) {
  const std::filesystem::path name = "descriptor " + std::to_string(descriptor);
  struct stat status {};
  if (fstat(descriptor, &status) != 0) throw errno_error(errno, "map", name);
  require_regular_file(status, name);
  bytes_ = map(descriptor, status, name);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::drop_pages() const noexcept {
  // A hint: where it fails, the pages stay.
  if (!bytes_.empty()) madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

}  // namespace onda::base
