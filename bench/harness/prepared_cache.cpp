#include "bench/harness/prepared_cache.h"

#include <stdexcept>

#include "bench/harness/child_process.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"

namespace onda::bench {
namespace {

namespace fs = std::filesystem;

/// The file of an entry: its name is a digest, 64 hexadecimal digits.
fs::path only_entry(const fs::path& directory) {
  fs::path entry;
  for (const auto& file : fs::directory_iterator(directory / "prepared")) {
    if (file.path().filename().string().size() != 64 || file.path().has_extension()) continue;
    if (!entry.empty()) throw std::runtime_error(directory.string() + " holds more than one prepared model");
    entry = file.path();
  }
  if (entry.empty()) throw std::runtime_error(directory.string() + " holds no prepared model");
  return entry;
}

}  // namespace

PreparedCache warm_cache(const fs::path& model) {
  PreparedCache cache;
  cache.directory = fs::absolute(output_directory()) / "cache";
  fs::remove_all(cache.directory);
  static_cast<void>(run_child({onda_program(), "cache", "warm", model.string()}, {cache.variable()}));
  cache.entry = only_entry(cache.directory);
  return cache;
}

std::string empty_cache_variable() {
  return "ONDA_CACHE_DIR=" + (fs::absolute(output_directory()) / "no-cache").string();
}

}  // namespace onda::bench
