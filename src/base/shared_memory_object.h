#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace onda::base {

/// A POSIX shared-memory object that another process made, read and written as a file and never mapped: that
/// process may cut it short or change it at any time. Stays the object that was opened when its name goes to
/// another. Reading and writing are safe from several threads at once.
class SharedMemoryObject {
 public:
  /// `key` is its name, with or without the slash in front. Throws invalid_argument for what is no name ("",
  /// ".", "..", a slash within) and for what is no shared memory, not_found, permission_denied,
  /// resource_exhausted.
  explicit SharedMemoryObject(std::string_view key);
  SharedMemoryObject(SharedMemoryObject&& other) noexcept;
  SharedMemoryObject& operator=(SharedMemoryObject&& other) noexcept;
  SharedMemoryObject(const SharedMemoryObject&) = delete;
  SharedMemoryObject& operator=(const SharedMemoryObject&) = delete;
  ~SharedMemoryObject();

  /// As it is now. Throws internal where nobody can tell.
  [[nodiscard]] std::uint64_t size() const;

  /// Fills `to` from `offset` on. Throws invalid_argument where the object ends before that.
  void read(std::uint64_t offset, std::span<std::byte> to) const;

  /// All of `from`. Throws invalid_argument where the object ends before that, resource_exhausted where the
  /// system has no memory for it. An object that is cut short during the call may come out as long as what
  /// was written.
  void write(std::uint64_t offset, std::span<const std::byte> from) const;

 private:
  std::string name_;  // with the slash
  int descriptor_ = -1;
};

}  // namespace onda::base
