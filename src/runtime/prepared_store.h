#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/private_directory.h"
#include "onda/prepared_model.h"
#include "runtime/prepared_entry.h"
#include "runtime/prepared_key.h"
#include "runtime/prepared_record.h"

namespace onda::runtime {

struct PreparedLimits {
  /// Of all entries together.
  std::uint64_t cache_bytes = PreparedModels::kDefaultLimitBytes;
  /// Models of this size and more take the external form; tests move it to try that on small ones.
  std::uint64_t external_form_bytes = kExternalFormBytes;
  /// What this process may use; empty: what the machine tells.
  std::optional<std::uint64_t> memory_bytes = {};
};

/// What is to be saved, and where.
struct SaveRequest {
  /// Ends in ".ort"; an empty file is there. In the external form, the graph's file, which is not there.
  std::filesystem::path path = {};
  /// In the external form, the name of the file of weights, which is to lie beside `path`, or not, where
  /// there are none. Empty: the ORT format.
  std::string weights = {};
  /// In the external form, a private copy of the model beside its external data, which may be mapped while
  /// it is saved. Else empty: the model itself, which may not.
  std::filesystem::path copy = {};
};

/// The directory of prepared models of one user. Knows files and digests, nothing of ONNX Runtime: how an
/// entry's model is saved comes in as a callback.
///
/// Use, in a session that is opened with `Preparation::use` or `make`:
///   auto store = PreparedStore::open(directory, limits, options.preparation);  // empty: run plain
///   auto identity = store->identify(model, external_files);
///   auto key = prepared_key({.files = identity->files, …});
///   auto entry = store->find(key);
///   if (!entry && make) entry = store->make(key, *identity, description, save);
///   … CreateSessionFromArray(entry->model()) … entry held until after ReleaseSession …
///   if (external form && !store->holds(*entry)) …              // opened by name: another may have been
///   if (!entry->verify_weights()) store->drop(*entry);                          // and reopen plain
///
/// Safe from any thread and beside other processes.
class PreparedStore {
 public:
  /// In `directory`/prepared; both must be private (see `base::PrivateDirectory`). Empty where that is absent
  /// and `preparation` is not `make`, or `directory` is empty. Throws permission_denied where it cannot be
  /// trusted or made; the caller warns once and goes on without.
  static std::optional<PreparedStore> open(const std::filesystem::path& directory,
                                           const PreparedLimits& limits, Preparation preparation);

  /// See `identify_model`. Where the cache holds no entry at all and `preparation` was `use`, nothing is
  /// hashed and the answer is empty.
  [[nodiscard]] std::optional<ModelIdentity> identify(const std::filesystem::path& model,
                                                      const ExternalFiles& external);

  /// The good entry for the key, marked as used now. Null where there is none; one that is damaged, truncated
  /// or of another key is removed and counted on the way. Never throws for what is in the directory.
  [[nodiscard]] std::shared_ptr<const MappedEntry> find(const PreparedKey& key);

  /// Whether the entry is still the file of its name: never again, once it was not. For whoever has opened
  /// it by its name.
  [[nodiscard]] bool holds(const MappedEntry& entry) const noexcept;

  /// Writes the optimised model and returns when it is whole.
  using Save = std::function<void(const SaveRequest& request)>;

  /// Makes the entry, or returns the one that another thread or process made meanwhile: one model is prepared
  /// at a time in a cache, the others wait. What `save` throws passes through, with nothing left behind.
  /// Throws failed_precondition where the model has changed since it was identified, where what was saved
  /// cannot be an entry (empty, or larger than the cache's limit), and, before anything is written, where a
  /// model that would take the external form is larger than that limit, the memory or the room on the disk;
  /// permission_denied, resource_exhausted. Older entries leave to keep the limit.
  [[nodiscard]] std::shared_ptr<const MappedEntry> make(const PreparedKey& key, const ModelIdentity& identity,
                                                        const EntryDescription& description,
                                                        const Save& save);

  /// Takes a damaged entry out of the cache, unless another has taken its place already; counted as rejected.
  void drop(const MappedEntry& entry);

  /// Newest first.
  [[nodiscard]] std::vector<PreparedEntry> list() const;
  /// Removes entries, records and what unfinished preparations left; returns the number of entries.
  std::size_t clear();

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path(); }

 private:
  PreparedStore(base::PrivateDirectory directory, const PreparedLimits& limits, Preparation preparation)
      : directory_(std::move(directory)), limits_(limits), preparation_(preparation) {}
  std::shared_ptr<const MappedEntry> map(const PreparedKey& key);
  std::shared_ptr<const MappedEntry> check(const PreparedKey& key, const base::PrivateFile& file);
  /// What `make` is about; borrowed for the call.
  struct Making {
    const PreparedKey& key;
    const ModelIdentity& identity;
    const EntryDescription& description;
    const Save& save;
  };
  std::shared_ptr<const MappedEntry> map_new(const Making& making, const base::PrivateFile& file);
  // prepared_making.cpp
  std::shared_ptr<const MappedEntry> make_ort(const Making& making);
  std::shared_ptr<const MappedEntry> make_external(const Making& making);
  void append_trailer(base::PrivateFile& file, PreparedForm form, std::uint64_t external_bytes,
                      const Making& making) const;
  void require_room(std::uint64_t model_bytes) const;
  void evict(std::uint64_t bytes_to_come, const std::string& keep);
  void remove_unfinished(bool locked);

  base::PrivateDirectory directory_;
  PreparedLimits limits_;
  Preparation preparation_;
};

/// Of all stores since the process started.
[[nodiscard]] PreparedStatistics prepared_statistics() noexcept;

}  // namespace onda::runtime
