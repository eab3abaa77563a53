#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "onda/runtime.h"
#include "onda/session_options.h"

namespace onda {

/// One prepared model in the cache.
struct PreparedEntry {
  std::string key;              ///< hexadecimal; also its file's name
  std::filesystem::path model;  ///< what it was made from, as it was named then
  std::string runtime_version;  ///< ONNX Runtime's
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point last_used;
};

/// Events since the process started, all models together.
struct PreparedStatistics {
  std::uint64_t used = 0;      ///< sessions opened from an entry
  std::uint64_t missing = 0;   ///< no entry for the key
  std::uint64_t rejected = 0;  ///< corrupt, truncated, stale or foreign entries that were ignored and dropped
  std::uint64_t made = 0;
  std::uint64_t failed = 0;   ///< models that could not be saved
  std::uint64_t evicted = 0;  ///< entries that left to make room
};

/// The cache of prepared models: a private directory (owner only, 0700, never reached through a link) of
/// files that are replaced by rename and removed by unlink, so an open session keeps what it has mapped. Safe
/// from any thread and from several processes at once.
class PreparedModels {
 public:
  static constexpr std::uint64_t kDefaultLimitBytes = std::uint64_t{10} << 30;

  /// ${ONDA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/onda}; empty where none of them is set.
  static std::filesystem::path default_directory();

  /// Nothing is created or checked yet. Oldest entries leave when the total passes `limit_bytes`.
  explicit PreparedModels(std::filesystem::path directory = default_directory(),
                          std::uint64_t limit_bytes = kDefaultLimitBytes);

  /// Makes the entry for `model` under `options` unless a good one is there. Returns it. Throws what
  /// `Session::open` throws; failed_precondition with the reason where the model cannot be saved or the
  /// directory cannot be used.
  PreparedEntry warm(const Runtime& runtime, const std::filesystem::path& model,
                     const SessionOptions& options = {});

  /// Newest first. Throws permission_denied for a directory that others own or may write.
  [[nodiscard]] std::vector<PreparedEntry> list() const;

  /// Removes all entries; returns how many.
  std::size_t clear();

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  static PreparedStatistics statistics() noexcept;

 private:
  std::filesystem::path directory_;
  std::uint64_t limit_bytes_;
};

}  // namespace onda
