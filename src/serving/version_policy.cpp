#include "serving/version_policy.h"

#include <algorithm>

namespace onda::serving {

std::vector<std::int64_t> select(const VersionPolicy& policy, std::span<const std::int64_t> available) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy)) {
    const auto chosen = available.last(std::min<std::size_t>(latest->count, available.size()));
    return {chosen.begin(), chosen.end()};
  }
  std::vector<std::int64_t> result(available.begin(), available.end());
  if (const auto* specific = std::get_if<SpecificVersions>(&policy)) {
    std::erase_if(result, [&](std::int64_t version) {
      return std::find(specific->versions.begin(), specific->versions.end(), version) ==
             specific->versions.end();
    });
  }
  return result;
}

std::string to_string(const VersionPolicy& policy) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy))
    return "latest " + std::to_string(latest->count);
  const auto* specific = std::get_if<SpecificVersions>(&policy);
  if (specific == nullptr) return "all";
  std::string text;
  for (const auto version : specific->versions) text += (text.empty() ? "" : ", ") + std::to_string(version);
  return text;
}

}  // namespace onda::serving
