#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace onda::base {

/// A regular file that is read in pieces, of any size. It stays the file that was opened when the path is
/// replaced. Reading is safe from several threads at once.
class RandomAccessFile {
 public:
  /// Throws not_found, permission_denied, resource_exhausted, invalid_argument (no regular file).
  explicit RandomAccessFile(const std::filesystem::path& path);
  RandomAccessFile(RandomAccessFile&& other) noexcept;
  RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;
  ~RandomAccessFile();

  /// As it was when the file was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Fills `to` from `offset` on and returns how many bytes there were: fewer only at the end of the file.
  /// Throws data_loss on a read error.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<std::byte> to) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace onda::base
