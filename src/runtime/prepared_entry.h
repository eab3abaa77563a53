#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/mapped_file.h"
#include "base/private_directory.h"
#include "runtime/prepared_form.h"
#include "runtime/prepared_key.h"

namespace onda::runtime {

/// Texts that travel with an entry and are covered by its digest.
struct EntryDescription {
  std::string model;            ///< path that it was made from
  std::string runtime_version;  ///< ONNX Runtime's
  /// The session's own: what it would otherwise have to read from the model. Returned as it was given; at
  /// most 16 MB.
  std::string notes;
};

/// Where an entry's parts are. All views are borrowed from its bytes.
struct EntryView {
  PreparedForm form = PreparedForm::ort;
  /// The external form's file of weights, from the entry's first byte on; empty in the other.
  std::span<const std::byte> external;
  /// As ONNX Runtime saved it: the ORT format, or the graph in ONNX format.
  std::span<const std::byte> model;
  /// What the second digest covers: parts of the model, ascending, apart; or `external`.
  std::vector<std::span<const std::byte>> weights;
  std::string_view key_material;
  std::string_view model_path;
  std::string_view runtime_version;
  std::string_view notes;
  std::span<const std::byte> weights_digest;
};

/// Parses arbitrary bytes and checks everything but the weights: sizes, and a digest of the graph and the
/// texts. Throws data_loss with what is wrong.
[[nodiscard]] EntryView parse_entry(std::span<const std::byte> bytes);

/// Only the texts, unchecked but within bounds, without reading the model: for listings. Throws data_loss.
[[nodiscard]] EntryView peek_entry(std::span<const std::byte> bytes);

/// Whether the weights are those that were written. Reads them all (100 MB: some 10 ms where they are in
/// memory).
[[nodiscard]] bool weights_are_intact(const EntryView& entry);

/// What ONNX Runtime has saved, as it lies in the file: the weights first, then the model.
struct SavedModel {
  PreparedForm form = PreparedForm::ort;
  std::span<const std::byte> external = {};  ///< none in the ORT form
  std::span<const std::byte> model = {};
};

/// What follows the saved model in its file and makes it an entry.
[[nodiscard]] std::vector<std::byte> entry_trailer(const SavedModel& saved, std::string_view key_material,
                                                   const EntryDescription& description);

/// An entry in use: its file, mapped read-only. One per process and file; sessions share it and keep it
/// alive, after its file has left the cache too. Of the external form, ONNX Runtime maps the weights by
/// itself, through the entry's name. Immutable, safe from any thread.
class MappedEntry {
 public:
  /// Throws data_loss for what is no good entry, or, in the external form, one that is not of this name.
  MappedEntry(std::string name, const base::PrivateFile& file);

  /// For CreateSessionFromArray, with `session.use_ort_model_bytes_directly` and
  /// `session.use_ort_model_bytes_for_initializers`; valid as long as this object.
  [[nodiscard]] std::span<const std::byte> model() const noexcept { return view_.model; }
  /// The whole file.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return mapping_.bytes(); }
  [[nodiscard]] std::string_view notes() const noexcept { return view_.notes; }
  [[nodiscard]] const EntryView& view() const noexcept { return view_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const base::FileStamp& stamp() const noexcept { return stamp_; }

  /// To be called once a session has been made on it: what loading has read, and packed into a copy of its
  /// own, is not read again (ResNet-50: 8 MB, a transformer of 21 MB: 12). What runs read comes back.
  void drop_pages() const noexcept { mapping_.drop_pages(); }

  /// Reads all weights, faulting them in. In the external form nothing else uses this mapping's pages, so
  /// they are let go again.
  [[nodiscard]] bool verify_weights() const;

 private:
  std::string name_;
  base::FileStamp stamp_;
  base::MappedFile mapping_;
  EntryView view_;
};

}  // namespace onda::runtime
