#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "onda/dtype.h"

namespace onda::protocol {

/// `text` in quotes, escaped. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The same, but false and nothing appended where `text` is no UTF-8.
[[nodiscard]] bool try_append_json_string(std::string& out, std::string_view text);

void append_json_number(std::string& out, std::int64_t number);
void append_json_number(std::string& out, std::uint64_t number);
template <std::integral Integer>
void append_json_number(std::string& out, Integer number) {
  if constexpr (std::signed_integral<Integer>) {
    append_json_number(out, static_cast<std::int64_t>(number));
  } else {
    append_json_number(out, static_cast<std::uint64_t>(number));
  }
}
/// With as few digits as tell it apart. What JSON lacks is written as Python reads it: NaN, Infinity,
/// -Infinity.
void append_json_number(std::string& out, float number);
void append_json_number(std::string& out, double number);

/// Whether elements of this type have a form in the JSON of the protocol: booleans, integers, FP32 and FP64
/// (and strings, which are not for `append_json_elements`).
[[nodiscard]] bool has_json_form(DType dtype) noexcept;

/// A flat array of all elements: `[1,2,3]`. `bytes` are whole elements of a type with a JSON form other than
/// strings, at any address; internal is thrown for another type.
void append_json_elements(std::string& out, DType dtype, std::span<const std::byte> bytes);

}  // namespace onda::protocol
