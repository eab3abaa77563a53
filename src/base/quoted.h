#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace onda::base {

/// Text from outside as it may stand in a message: in double quotes, on one line, valid UTF-8 whatever the
/// bytes are (control characters and invalid bytes as \xNN), cut after `limit` bytes with "…".
[[nodiscard]] std::string quoted(std::string_view text, std::size_t limit = 80);
/// The same for a path, which is cut only where it is longer than systems take.
[[nodiscard]] std::string quoted_path(const std::filesystem::path& path);

}  // namespace onda::base
