#include "onda/error.h"
#include "onda/prepared_model.h"
#include "runtime/model_loader.h"

namespace onda {

PreparedEntry PreparedModels::warm(const Runtime& runtime, const std::filesystem::path& model,
                                   const SessionOptions& options) {
  SessionOptions here = options;
  here.cache_directory = directory_;
  runtime::ModelLoader loader(*runtime.environment(), model, here, limit_bytes_);
  const std::string key = loader.prepare();
  for (PreparedEntry& entry : list()) {
    if (entry.key == key) return std::move(entry);
  }
  throw Error(ErrorCode::unavailable, "the entry that was made for \"" + model.string() +
                                          "\" has been removed again; the cache's limit may be too low");
}

}  // namespace onda
