#pragma once

#include <string_view>

namespace onda {

/// The library's version, "major.minor.patch".
[[nodiscard]] std::string_view version() noexcept;

/// The commit that the library was built from: 12 hexadecimal digits, with "-dirty" behind where the tree had
/// changes that were not committed, or "unknown" where the sources were not a git checkout.
[[nodiscard]] std::string_view build_commit() noexcept;

}  // namespace onda
