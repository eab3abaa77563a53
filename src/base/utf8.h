#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace onda::base {

/// The length in bytes of the well-formed UTF-8 sequence that starts at `at`; 0 where there is none: overlong
/// forms, surrogates, values past U+10FFFF, a sequence that is cut short. `at` lies within the text.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text, std::size_t at) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether the number is a Unicode scalar value, i.e. no surrogate and not past U+10FFFF.
[[nodiscard]] bool is_code_point(std::uint32_t number) noexcept;

/// `code_point` must be one.
void append_utf8(std::string& text, std::uint32_t code_point);

/// The code points of well-formed text.
[[nodiscard]] std::u32string code_points(std::string_view text);

}  // namespace onda::base
