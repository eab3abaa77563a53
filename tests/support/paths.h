#pragma once

#include <filesystem>

namespace onda::test {

/// The root of the source tree: where examples/ and tests/ lie.
[[nodiscard]] std::filesystem::path source_dir();

/// The build tree that the test was built in; the program `onda` lies directly in it.
[[nodiscard]] std::filesystem::path binary_dir();

}  // namespace onda::test
