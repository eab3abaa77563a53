#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace onda::serving {

/// The lines, spaces and carriage returns at their ends dropped, empty lines at the end too.
[[nodiscard]] std::vector<std::string> parse_labels(std::string_view text);

/// Those of a file of at most 64 MB. Throws invalid_argument where it holds none, and as `base::read_file`.
[[nodiscard]] std::vector<std::string> read_labels(const std::filesystem::path& file);

/// Those of the file that a configuration names. A name that leads out of the model's directory, by itself or
/// by links, is permission_denied, whatever is there.
[[nodiscard]] std::vector<std::string> read_model_labels(const std::filesystem::path& model_directory,
                                                         std::string_view label_filename);

}  // namespace onda::serving
