#pragma once

#include <filesystem>
#include <string>

namespace onda::bench {

/// A directory of models as `onda serve --models` takes it, below `output_directory()`; what was there is
/// cleared.
class ModelRepository {
 public:
  explicit ModelRepository(const std::string& name);
  /// Serves the file of `models_directory()` under that name. An empty config is none.
  void add(const std::string& model, const std::string& file, const std::string& config = {});
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace onda::bench
