#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace onda::test {

/// What is known of single cases, by name: a file of lines "name: text", empty ones and those that start with
/// # left out. The text is the reason why a case does not pass, or its tolerance. Throws invalid_argument for
/// a line without a text and for a name given twice.
[[nodiscard]] std::map<std::string, std::string> read_case_list(const std::filesystem::path& file);

}  // namespace onda::test
