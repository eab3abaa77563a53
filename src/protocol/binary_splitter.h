#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace onda::protocol {

/// Deals the bytes behind a request's JSON to the inputs, in the order in which the JSON names them. Borrows
/// all.
class BinarySplitter {
 public:
  BinarySplitter(std::span<const std::byte> bytes, std::string_view model) noexcept
      : rest_(bytes), model_(model) {}

  /// The next `bytes` bytes, at any address. Throws invalid_argument where there are fewer.
  [[nodiscard]] std::span<const std::byte> take(std::uint64_t bytes, std::string_view input);

  /// Throws invalid_argument where bytes are left that are no input's.
  void finish() const;

 private:
  std::span<const std::byte> rest_;
  std::string_view model_;
};

}  // namespace onda::protocol
