#include <cstdlib>
#include <utility>

#include "onda/prepared_model.h"
#include "runtime/prepared_store.h"

namespace onda {
namespace {

std::filesystem::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

}  // namespace

std::filesystem::path PreparedModels::default_directory() {
  if (auto cache = variable("ONDA_CACHE_DIR"); !cache.empty()) return cache;
  if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "onda";
  if (const auto home = variable("HOME"); !home.empty()) return home / ".cache" / "onda";
  return {};
}

PreparedModels::PreparedModels(std::filesystem::path directory, std::uint64_t limit_bytes)
    : directory_(std::move(directory)), limit_bytes_(limit_bytes) {}

std::vector<PreparedEntry> PreparedModels::list() const {
  const auto store =
      runtime::PreparedStore::open(directory_, {.cache_bytes = limit_bytes_}, Preparation::use);
  return store ? store->list() : std::vector<PreparedEntry>();
}

std::size_t PreparedModels::clear() {
  auto store = runtime::PreparedStore::open(directory_, {.cache_bytes = limit_bytes_}, Preparation::use);
  return store ? store->clear() : 0;
}

PreparedStatistics PreparedModels::statistics() noexcept { return runtime::prepared_statistics(); }

}  // namespace onda
