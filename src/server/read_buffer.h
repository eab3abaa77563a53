#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace onda::server {

/// The bytes that were read from a connection and are not done with: those of the current request, and behind
/// them of the ones after it.
class ReadBuffer {
 public:
  /// Readable bytes behind those that were read.
  static constexpr std::size_t kPadding = 64;
  /// What a connection has of it as long as its requests fit.
  static constexpr std::size_t kBaseCapacity = 16384;

  [[nodiscard]] char* data() noexcept { return bytes_.get() + begin_; }
  [[nodiscard]] const char* data() const noexcept { return bytes_.get() + begin_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool is_empty() const noexcept { return end_ == begin_; }
  /// Bytes from `data()` on that it can hold without moving; up to `capacity()` without being made anew.
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Where the next bytes are read to.
  [[nodiscard]] std::span<char> free_space() noexcept { return {bytes_.get() + end_, capacity_ - end_}; }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }
  /// The first `bytes` are done with.
  void consume(std::size_t bytes) noexcept;
  /// Only the first `bytes` are kept.
  void truncate(std::size_t bytes) noexcept { end_ = begin_ + bytes; }

  /// Room for `bytes` from `data()` on, which may move. Throws bad_alloc, nothing has changed then.
  void reserve(std::size_t bytes);
  /// Gives memory back: down to the base capacity, or all of it where nothing is in it and `all` is said.
  void shrink(bool all) noexcept;

 private:
  void move_to(std::size_t capacity);

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;  // without the padding
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace onda::server
