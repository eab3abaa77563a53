#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <random>
#include <utility>

#include "base/descriptor_posix.h"
#include "base/errno_error.h"
#include "base/private_directory.h"
#include "base/quoted.h"
#include "onda/error.h"

namespace onda::base {
namespace {

constexpr ::mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;

/// A name for the system's calls. It must stay within the directory.
std::string component(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::invalid_argument, "not a file name: " + quoted(name));
  }
  return std::string(name);
}

std::int64_t nanoseconds(const ::timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_nsec};
}

struct ::stat status_of(int descriptor, const std::filesystem::path& path) {
  struct ::stat status {};
  if (::fstat(descriptor, &status) != 0) throw errno_error(errno, "examine", path);
  return status;
}

/// "link/" and "link/." would be followed in spite of O_NOFOLLOW.
std::filesystem::path without_trailing_separator(std::filesystem::path path) {
  while ((!path.has_filename() || path.filename() == ".") && path.has_relative_path())
    path = path.parent_path();
  return path;
}

void make_directories(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return;
  if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    make_directories(path.parent_path());
    if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return;
  }
  throw errno_error(errno, "make the directory", path);
}

[[noreturn]] void refuse_directory(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorCode::permission_denied, quoted_path(path) + " " + reason);
}

/// Opens `name` below `parent` (a descriptor or AT_FDCWD) and checks whose it is. `path` is for messages.
Descriptor open_private(int parent, const std::string& name, const std::filesystem::path& path) {
  Descriptor directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct ::stat status {};
  if (!directory.is_open()) {
    const int error = errno;
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      if (S_ISLNK(status.st_mode)) {
        refuse_directory(
            path, "is a symbolic link, which may lead elsewhere later; name the directory it leads to");
      }
      if (!S_ISDIR(status.st_mode)) {
        throw Error(ErrorCode::invalid_argument, quoted_path(path) + " is not a directory");
      }
    }
    throw errno_error(error, "open the directory", path);
  }
  status = status_of(directory.number(), path);
  if (status.st_uid != ::geteuid()) {
    refuse_directory(path, "belongs to user " + std::to_string(status.st_uid) + ", not to this one (" +
                               std::to_string(::geteuid()) + "); use a directory of your own");
  }
  if ((status.st_mode & kOthersMayWrite) != 0) {
    refuse_directory(path, "may be written by others; make it private (chmod 700)");
  }
  return directory;
}

struct CloseDirectory {
  void operator()(::DIR* directory) const noexcept { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<::DIR, CloseDirectory>;

/// Null, with errno, where it cannot be read. A descriptor of its own: reading moves a position that all
/// users of one descriptor share.
OpenDirectory directory_at(int parent, const char* name) {
  Descriptor copy(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  OpenDirectory directory(copy.is_open() ? ::fdopendir(copy.number()) : nullptr);
  if (directory) copy.release();
  return directory;
}

/// Deeper ones stay: nothing of ours is.
constexpr int kMaxDepth = 64;

void remove_tree_at(int parent, const char* name, int depth) noexcept {
  if (depth > kMaxDepth) return;
  if (const OpenDirectory directory = directory_at(parent, name)) {
    const int descriptor = ::dirfd(directory.get());
    while (const ::dirent* entry = ::readdir(directory.get())) {
      const std::string_view inner(entry->d_name);
      if (inner == "." || inner == "..") continue;
      if (::unlinkat(descriptor, entry->d_name, 0) != 0) remove_tree_at(descriptor, entry->d_name, depth + 1);
    }
  }
  ::unlinkat(parent, name, AT_REMOVEDIR);
}

std::string temporary_name() {
  std::random_device random;
  return std::string(PrivateDirectory::kTemporaryPrefix) + std::to_string(random()) + "-" +
         std::to_string(random());
}

constexpr int kNameAttempts = 16;

}  // namespace

PrivateFile::PrivateFile(PrivateFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

PrivateFile& PrivateFile::operator=(PrivateFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

PrivateFile::~PrivateFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileStamp PrivateFile::stamp() const {
  const struct ::stat status = status_of(descriptor_, path_);
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .mtime_ns = nanoseconds(status.st_mtim),
          .ctime_ns = nanoseconds(status.st_ctim)};
}

std::vector<std::byte> PrivateFile::read(std::uint64_t limit_bytes) const {
  const std::uint64_t size = stamp().size;
  if (size > limit_bytes) {
    throw Error(ErrorCode::resource_exhausted, quoted_path(path_) + " has " + std::to_string(size) +
                                                   " bytes; at most " + std::to_string(limit_bytes) +
                                                   " are read");
  }
  std::vector<std::byte> bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ::ssize_t count =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<::off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "read", path_);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

void PrivateFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ::ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw errno_error(errno, "write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void PrivateFile::sync() {
  if (::fsync(descriptor_) != 0) throw errno_error(errno, "sync", path_);
}

bool PrivateFile::touch() noexcept { return ::futimens(descriptor_, nullptr) == 0; }

PrivateDirectory PrivateDirectory::open(const std::filesystem::path& path, Absent absent) {
  if (path.empty()) throw Error(ErrorCode::invalid_argument, "the path of a directory is empty");
  const std::filesystem::path full = without_trailing_separator(std::filesystem::absolute(path));
  if (absent == Absent::create) make_directories(full);
  return {open_private(AT_FDCWD, full.string(), full).release(), full};
}

PrivateDirectory PrivateDirectory::open_child(std::string_view name, Absent absent) const {
  const std::string child = component(name);
  const std::filesystem::path full = path_ / child;
  if (absent == Absent::create && ::mkdirat(descriptor_, child.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    throw errno_error(errno, "make the directory", full);
  }
  return {open_private(descriptor_, child, full).release(), full};
}

void PrivateDirectory::narrow() noexcept {
  struct ::stat status {};
  if (::fstat(descriptor_, &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  static_cast<void>(::fchmod(descriptor_, status.st_mode & S_IRWXU));
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

PrivateDirectory& PrivateDirectory::operator=(PrivateDirectory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

PrivateDirectory::~PrivateDirectory() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool PrivateDirectory::is_writable() const noexcept {
  return ::faccessat(descriptor_, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

std::vector<PrivateDirectory::Item> PrivateDirectory::list() const { return list_of(S_IFREG); }

std::vector<PrivateDirectory::Item> PrivateDirectory::list_directories() const { return list_of(S_IFDIR); }

std::vector<PrivateDirectory::Item> PrivateDirectory::list_of(unsigned type) const {
  const OpenDirectory directory = directory_at(descriptor_, ".");
  if (!directory) throw errno_error(errno, "list", path_);
  std::vector<Item> items;
  while (const ::dirent* entry = ::readdir(directory.get())) {
    struct ::stat status {};
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    // Gone since, or nothing that we made.
    if (::fstatat(descriptor_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        (status.st_mode & S_IFMT) != type) {
      continue;
    }
    items.push_back({entry->d_name, static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim)});
  }
  return items;
}

std::optional<PrivateFile> PrivateDirectory::open_with(std::string_view name, int flags) const {
  // Not blocking: a pipe of that name would wait for its writer.
  const int descriptor =
      ::openat(descriptor_, component(name).c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const int error = errno;
  PrivateFile file(descriptor, path_ / name);
  if (descriptor < 0) {
    if (error == ENOENT) return std::nullopt;
    if (error == ELOOP)
      throw Error(ErrorCode::permission_denied, quoted_path(file.path_) + " is a symbolic link");
    throw errno_error(error, "open", file.path_);
  }
  const struct ::stat status = status_of(descriptor, file.path_);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
    throw Error(ErrorCode::permission_denied, quoted_path(file.path_) + " is no regular file of this user");
  }
  return file;
}

std::optional<PrivateFile> PrivateDirectory::open_file(std::string_view name) const {
  auto file = open_with(name, O_RDONLY);
  if (file && (status_of(file->descriptor_, file->path_).st_mode & kOthersMayWrite) != 0) {
    throw Error(ErrorCode::permission_denied, quoted_path(file->path_) + " may be written by others");
  }
  return file;
}

std::optional<PrivateFile> PrivateDirectory::adopt_file(std::string_view name) {
  auto file = open_with(name, O_RDWR | O_APPEND);
  if (file && ::fchmod(file->descriptor_, S_IRUSR | S_IWUSR) != 0) {
    throw errno_error(errno, "make private", file->path_);
  }
  return file;
}

PrivateFile PrivateDirectory::create_file(std::string_view name) {
  const int descriptor =
      ::openat(descriptor_, component(name).c_str(),
               O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const int error = errno;
  PrivateFile file(descriptor, path_ / name);
  if (descriptor < 0) throw errno_error(error, "make", file.path_);
  return file;
}

PrivateDirectory::Temporary PrivateDirectory::create_temporary(std::string_view suffix) {
  for (int attempt = 1;; ++attempt) {
    std::string name = temporary_name().append(suffix);
    try {
      PrivateFile file = create_file(name);
      return {std::move(name), std::move(file)};
    } catch (const Error& error) {
      if (error.code() != ErrorCode::already_exists || attempt == kNameAttempts) throw;
    }
  }
}

std::string PrivateDirectory::create_temporary_directory() {
  for (int attempt = 1;; ++attempt) {
    std::string name = temporary_name();
    if (::mkdirat(descriptor_, name.c_str(), S_IRWXU) == 0) return name;
    if (errno != EEXIST || attempt == kNameAttempts)
      throw errno_error(errno, "make the directory", path_ / name);
  }
}

void PrivateDirectory::rename(std::string_view from, std::string_view to) { take(*this, from, to); }

void PrivateDirectory::take(const PrivateDirectory& other, std::string_view from, std::string_view to) {
  if (::renameat(other.descriptor_, component(from).c_str(), descriptor_, component(to).c_str()) != 0) {
    throw errno_error(errno, "rename", other.path_ / from);
  }
}

bool PrivateDirectory::remove(std::string_view name) noexcept {
  try {
    return ::unlinkat(descriptor_, component(name).c_str(), 0) == 0;
  } catch (const std::exception&) {
    return false;  // A name that no file here can have, or no memory for it.
  }
}

void PrivateDirectory::remove_tree(std::string_view name) noexcept {
  try {
    remove_tree_at(descriptor_, component(name).c_str(), 0);
  } catch (const std::exception&) {
    return;  // A name that no directory here can have, or no memory for it.
  }
}

void PrivateDirectory::sync() {
  if (::fsync(descriptor_) != 0) throw errno_error(errno, "sync", path_);
}

std::optional<PrivateFile> PrivateDirectory::lock() const {
  PrivateFile lock(::openat(descriptor_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), path_);
  if (lock.descriptor_ < 0) return std::nullopt;
  while (::flock(lock.descriptor_, LOCK_EX) != 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return lock;
}

}  // namespace onda::base
