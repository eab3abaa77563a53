#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "serving/model_manager.h"

namespace onda::protocol {

/// The ready versions whose statistics are asked for, ascending: of all models where `model` is "", of a
/// model where `version` is "", else that one. Throws invalid_argument, with the texts that clients look for,
/// where there is none.
[[nodiscard]] std::vector<std::shared_ptr<serving::ModelVersion>> versions_for_statistics(
    const serving::ModelManager& models, std::string_view model, std::string_view version);

}  // namespace onda::protocol
