#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace onda::runtime {

/// `size` value-initialised elements for the length of one call: on the stack up to `N`, on the heap beyond.
template <class T, std::size_t N = 16>
class Scratch {
 public:
  explicit Scratch(std::size_t size) : size_(size) {
    if (size > N) heap_ = std::make_unique<T[]>(size);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] T* data() noexcept { return size_ > N ? heap_.get() : inline_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data()[i]; }
  [[nodiscard]] std::span<T> span() noexcept { return {data(), size_}; }

 private:
  std::size_t size_;
  std::array<T, N> inline_{};
  std::unique_ptr<T[]> heap_;
};

}  // namespace onda::runtime
