#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace onda::serving {

/// The highest `count` versions.
struct LatestVersions {
  std::uint32_t count = 1;
  friend bool operator==(const LatestVersions&, const LatestVersions&) = default;
};
struct AllVersions {
  friend bool operator==(const AllVersions&, const AllVersions&) = default;
};
/// Those named, as far as they are there.
struct SpecificVersions {
  std::vector<std::int64_t> versions;
  friend bool operator==(const SpecificVersions&, const SpecificVersions&) = default;
};

/// Which versions of a model are served.
using VersionPolicy = std::variant<LatestVersions, AllVersions, SpecificVersions>;

/// `available` is ascending and free of duplicates. Returns a subset of it, ascending; empty means that none
/// is served. Pure: no clock, no file system.
[[nodiscard]] std::vector<std::int64_t> select(const VersionPolicy& policy,
                                               std::span<const std::int64_t> available);

/// "latest 2", "all", "1, 3".
[[nodiscard]] std::string to_string(const VersionPolicy& policy);

}  // namespace onda::serving
