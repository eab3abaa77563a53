#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace onda::base {

/// Text from outside as it may stand in a message: in double quotes, on one line, valid UTF-8 whatever the
/// bytes are (control characters and invalid bytes as \xNN), cut after `limit` bytes with "…".
[[nodiscard]] std::string quoted(std::string_view text, std::size_t limit = 80);

}  // namespace onda::base
