#pragma once

#include <filesystem>

struct stat;

namespace onda::base {

/// Owns a file descriptor. For the files *_posix.cpp only.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int number_ = -1;
};

/// Opens for reading. Throws what `errno_error` makes of the failure.
[[nodiscard]] Descriptor open_to_read(const std::filesystem::path& path);

/// The same for a regular file, with its status; anything else is invalid_argument. Never waits for a pipe's
/// writer.
[[nodiscard]] Descriptor open_regular_file(const std::filesystem::path& path, struct stat& status);

/// Throws invalid_argument that says what is there instead, unless it is a regular file.
void require_regular_file(const struct stat& status, const std::filesystem::path& path);

}  // namespace onda::base
