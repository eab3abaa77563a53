#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "base/errno_error.h"
#include "telemetry/append_file.h"

namespace onda::telemetry {
namespace {

/// writev never writes to what it is given.
iovec piece(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

AppendFile::AppendFile(const std::filesystem::path& path) : path_(path) {
  // O_NONBLOCK: neither opening nor writing waits for who reads a pipe. Files do not know it.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  do {
    descriptor_ = open(path.c_str(), kFlags, 0640);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw base::errno_error(errno, "open for appending", path);
}

AppendFile::~AppendFile() { close(descriptor_); }

std::error_code AppendFile::append_line(std::string_view line) noexcept {
  // Relaxed: at worst an empty line comes between those of two threads.
  const bool ends_torn = is_torn_.exchange(false, std::memory_order_relaxed);
  const std::string_view before = ends_torn ? "\n" : "";
  const std::array<iovec, 3> pieces = {piece(before), piece(line), piece("\n")};
  ssize_t written = 0;
  do {
    written = writev(descriptor_, pieces.data(), static_cast<int>(pieces.size()));
  } while (written < 0 && errno == EINTR);
  const int reason = errno;
  if (written == static_cast<ssize_t>(before.size() + line.size() + 1)) return {};
  if (ends_torn || written > 0) is_torn_.store(true, std::memory_order_relaxed);
  // A write that is cut short hides its reason, which is as a rule that there is no room for the rest.
  return {written < 0 ? reason : ENOSPC, std::generic_category()};
}

}  // namespace onda::telemetry
