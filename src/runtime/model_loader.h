#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/handles.h"
#include "runtime/model_file.h"
#include "runtime/prepared_store.h"
#include "runtime/refusal.h"
#include "runtime/session_config.h"

namespace onda::runtime {

/// A session of ONNX Runtime and what its weights are in.
struct LoadedModel {
  /// Null where it runs plain. Before the session, which reads its bytes until it is released.
  std::shared_ptr<const MappedEntry> entry;
  SessionHandle session;
};

/// Opens one model, plain or from a prepared entry, and makes the entry. Nothing of the user's files stays
/// open or mapped after a call. Not safe from several threads at once; the environment outlives it.
class ModelLoader {
 public:
  /// Reads what the file tells of itself (not its weights) and checks the options against it. Throws as
  /// Session::open says.
  ModelLoader(Environment& environment, const std::filesystem::path& model, const SessionOptions& options,
              std::uint64_t cache_limit_bytes = PreparedModels::kDefaultLimitBytes);
  /// The bytes are borrowed for as long as this object.
  ModelLoader(Environment& environment, std::span<const std::byte> model, const SessionOptions& options);

  /// As the options want it. A cache that cannot be used and a model that cannot be saved are warnings, the
  /// model then runs plain.
  [[nodiscard]] LoadedModel load();

  [[nodiscard]] LoadedModel load_plain();
  /// Makes the entry where it is missing; unlike `load` it throws where that fails. The entry's name.
  [[nodiscard]] std::string prepare();

  /// Takes a damaged entry out of the cache and opens the model plain. Throws data_loss where the model's
  /// files are no longer those that the entry was made from.
  [[nodiscard]] LoadedModel replace(const MappedEntry& damaged);

  [[nodiscard]] const SessionOptions& options() const noexcept { return settled_; }
  [[nodiscard]] const ModelFile& file() const noexcept { return file_; }

 private:
  void check_model() const;
  [[nodiscard]] std::string name() const;
  [[nodiscard]] SessionHandle create(const SessionPurpose& purpose) const;
  /// As it lies, its external data mapped by ONNX Runtime.
  [[nodiscard]] SessionHandle create_from_copy(const std::filesystem::path& copy,
                                               const SessionPurpose& purpose) const;
  [[nodiscard]] SessionHandle create_from(std::span<const std::byte> bytes,
                                          const SessionPurpose& purpose) const;
  [[nodiscard]] LoadedModel open_entry(std::shared_ptr<const MappedEntry> entry) const;
  /// Wherever an entry for the options is or can be made, checked as they say.
  [[nodiscard]] std::shared_ptr<const MappedEntry> good_entry();
  [[nodiscard]] std::shared_ptr<const MappedEntry> find_or_make(bool make);
  void save(const SaveRequest& request) const;
  [[nodiscard]] PreparedKey key_of(const ModelIdentity& identity) const;
  /// `file` is what ONNX Runtime was given.
  [[noreturn]] void throw_load_failure(OrtStatus* status, const std::filesystem::path& file,
                                       const RefusalWatch& refusals) const;

  Environment& environment_;
  SessionOptions settled_;
  std::filesystem::path path_;  // empty: from bytes
  std::span<const std::byte> bytes_;
  ModelFile file_;
  std::uint64_t cache_limit_bytes_ = PreparedModels::kDefaultLimitBytes;
  std::optional<PreparedStore> store_;
  std::optional<ModelIdentity> identity_;
};

}  // namespace onda::runtime
