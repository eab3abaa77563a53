#pragma once

#include <filesystem>
#include <string>

namespace onda::bench {

/// A cache of the benchmarks' own, with one prepared model, made by `onda cache warm`.
struct PreparedCache {
  std::filesystem::path directory;
  std::filesystem::path entry;
  [[nodiscard]] std::string variable() const { return "ONDA_CACHE_DIR=" + directory.string(); }
};

/// In `output_directory()`; what was there is cleared first. Throws std::runtime_error where nothing comes of
/// it.
[[nodiscard]] PreparedCache warm_cache(const std::filesystem::path& model);

/// An empty one, also of the benchmarks' own.
[[nodiscard]] std::string empty_cache_variable();

}  // namespace onda::bench
