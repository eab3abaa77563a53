#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace onda::base {

/// A small text file of /proc or /sys; empty where it cannot be read.
[[nodiscard]] std::string kernel_text(const std::filesystem::path& path);

/// The parts between separators, empty ones left out. They borrow from `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Without spaces, tabs and line ends at both ends; borrows from `text`.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// mountinfo writes spaces and the like as "\040".
[[nodiscard]] std::string unescape_mount_path(std::string_view text);

}  // namespace onda::base
