#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace onda::test {

/// A POSIX shared-memory object with a name of its own, as a client makes one. Removed with it.
class SharedMemory {
 public:
  explicit SharedMemory(std::string_view content);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  /// With the slash in front.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] std::string content() const;
  /// These and no others are calls to the system alone: they may be made in a forked process.
  void resize(std::uint64_t size) noexcept;
  void fill(std::uint64_t offset, std::string_view content) noexcept;

 private:
  std::string key_;
  int descriptor_ = -1;
};

}  // namespace onda::test
