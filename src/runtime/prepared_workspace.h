#pragma once

#include <filesystem>
#include <string>

#include "base/private_directory.h"
#include "runtime/prepared_record.h"

namespace onda::runtime {

/// A directory in the cache, for the time that a model is saved in the external form; its destructor removes
/// it with all that is in it. Not safe from several threads at once.
class PreparedWorkspace {
 public:
  /// Throws permission_denied, resource_exhausted. `cache` outlives it.
  explicit PreparedWorkspace(base::PrivateDirectory& cache);
  PreparedWorkspace(const PreparedWorkspace&) = delete;
  PreparedWorkspace& operator=(const PreparedWorkspace&) = delete;
  ~PreparedWorkspace();

  /// Copies the model and its external data, as they lie beside each other, and returns the copied model's
  /// path. ONNX Runtime may map these, as it may not map the user's own files: nobody cuts them short. Throws
  /// failed_precondition where a file is not as it was identified or its name leads through "..",
  /// resource_exhausted (disk full), and what reading throws.
  [[nodiscard]] std::filesystem::path copy(const ModelIdentity& identity);
  /// Gives their room on the disk back.
  void remove_copies() noexcept;

  /// For what is saved.
  [[nodiscard]] base::PrivateDirectory& output() noexcept { return output_; }

 private:
  base::PrivateDirectory& cache_;
  std::string name_;
  base::PrivateDirectory directory_;
  base::PrivateDirectory output_;
};

}  // namespace onda::runtime
