#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/private_directory.h"

namespace onda::runtime {

/// One file of a model, and what is in it.
struct IdentifiedFile {
  /// As the model names it, relative to its directory; empty for the model file itself.
  std::string name;
  base::FileStamp stamp;
  std::string sha256;  ///< hexadecimal
  /// The stamp tells every later change: the file had not been touched for two seconds when it was read.
  bool settled = false;
  friend bool operator==(const IdentifiedFile&, const IdentifiedFile&) = default;
};

/// What a model consists of: its file and its external data, by content.
struct ModelIdentity {
  std::filesystem::path model;        ///< canonical
  std::filesystem::path opened;       ///< as it was given, absolute: external data may lie beside a link
  std::vector<IdentifiedFile> files;  ///< the model first, then its external data in the order of their names
  /// Files that were read for this answer; 0 where the record was good.
  std::size_t hashed = 0;

  /// Whether no file has changed since, by their stamps. Not enough by itself for files that had just been
  /// written.
  [[nodiscard]] bool is_current() const;
};

/// The names of the external data files of a model, as it has them, relative to its directory. Called only
/// when the model file itself has changed.
using ExternalFiles = std::function<std::vector<std::string>(const std::filesystem::path& model)>;

/// Tells the time. A test passes one that it moves.
using Now = std::function<std::chrono::system_clock::time_point()>;

/// Whether a file without a good record may be read for its digest (100 MB cost some 100 ms).
enum class Hashing { allowed, never };

/// Digests of a model by a record in `directory` (stamp → digest); a file is read only where its stamp
/// differs from the record's, and the record is then rewritten if the directory is writable. A file that was
/// touched within the last two seconds is not recorded, because it may change once more without its stamp
/// telling. Empty with `Hashing::never` where something would have to be read. Throws what `base::stamp_of`,
/// `external_path` and `external` throw; failed_precondition when a file keeps changing meanwhile.
[[nodiscard]] std::optional<ModelIdentity> identify_model(const std::filesystem::path& model,
                                                          base::PrivateDirectory& directory,
                                                          const ExternalFiles& external, Hashing hashing,
                                                          const Now& now = &std::chrono::system_clock::now);

}  // namespace onda::runtime
