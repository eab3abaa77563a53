#include "protocol/statistics_query.h"

#include "onda/error.h"
#include "protocol/tensor_size.h"

namespace onda::protocol {

std::vector<std::shared_ptr<serving::ModelVersion>> versions_for_statistics(
    const serving::ModelManager& models, std::string_view model, std::string_view version) {
  if (model.empty()) return models.all_versions();
  std::vector<std::shared_ptr<serving::ModelVersion>> ready;
  try {
    ready = models.versions(model);
  } catch (const Error&) {
    // Unknown or not ready: here it is all the same.
    ready.clear();
  }
  if (ready.empty()) {
    throw Error(ErrorCode::invalid_argument, "requested model " + quoted_name(model) + " is not available");
  }
  if (version.empty()) return ready;
  try {
    return {models.find(model, version)};
  } catch (const Error&) {
    throw Error(ErrorCode::invalid_argument, "requested model version is not available for model " +
                                                 quoted_name(model) + ": " + quoted_name(version));
  }
}

}  // namespace onda::protocol
