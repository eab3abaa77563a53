#include "server/read_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace onda::server {

void ReadBuffer::consume(std::size_t bytes) noexcept {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ReadBuffer::reserve(std::size_t bytes) {
  if (bytes <= capacity_ - begin_) return;
  if (bytes > capacity_) {
    move_to(std::max(bytes, kBaseCapacity));
    return;
  }
  std::memmove(bytes_.get(), data(), size());
  end_ -= begin_;
  begin_ = 0;
}

void ReadBuffer::shrink(bool all) noexcept {
  if (all && is_empty()) {
    *this = ReadBuffer();
    return;
  }
  if (capacity_ <= kBaseCapacity || size() > kBaseCapacity) return;
  try {
    move_to(kBaseCapacity);
  } catch (const std::bad_alloc&) {
    // It stays as it is.
  }
}

void ReadBuffer::move_to(std::size_t capacity) {
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
  std::memset(bytes.get() + capacity, 0, kPadding);
  if (!is_empty()) std::memcpy(bytes.get(), data(), size());
  bytes_ = std::move(bytes);
  capacity_ = capacity;
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace onda::server
