#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace onda::runtime {

/// Any text as one word of a line: printable ASCII but blank and '%' as they are, every other byte as "%41".
/// The empty text becomes "%".
[[nodiscard]] std::string to_word(std::string_view text);

/// The reverse; empty for what `to_word` does not write.
[[nodiscard]] std::optional<std::string> from_word(std::string_view word);

}  // namespace onda::runtime
