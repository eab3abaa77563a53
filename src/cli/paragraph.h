#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace onda::cli {

/// How many columns `text` (UTF-8) takes: one for each character. Wide and combining characters are not told
/// apart.
[[nodiscard]] std::size_t text_width(std::string_view text) noexcept;

/// Breaks `text` at spaces so that no line passes `width` columns where a word allows it, every line indented
/// by `indent` spaces, except the first, which continues what stands before it. No newline at the end.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace onda::cli
