#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace onda::base {

/// Empty unless all of `text` is a decimal number that fits.
template <class T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text) noexcept {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace onda::base
