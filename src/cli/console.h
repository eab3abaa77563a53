#pragma once

#include <string>
#include <string_view>

namespace onda::cli {

/// Writes `text` to standard output at once. Throws `Error` (internal) when it cannot be written (a full
/// disk).
void print(std::string_view text);

/// Writes "onda: " and `text` as one line to standard error; control characters in it become spaces or
/// escapes.
void note(std::string_view text);
/// The same with "error: " in front of the text.
void print_error(std::string_view text);

[[nodiscard]] bool is_terminal_output() noexcept;
[[nodiscard]] bool is_terminal_error() noexcept;

/// `text` as one line that a terminal shows as it is: control characters escaped.
[[nodiscard]] std::string single_line(std::string_view text);

}  // namespace onda::cli
