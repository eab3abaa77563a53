#pragma once

#include <string_view>
#include <vector>

#include "serving/services.h"

namespace onda::protocol {

/// What this server names as its platform for every model.
inline constexpr std::string_view kPlatformName = "onnxruntime_onnx";

/// The protocol's extensions that work, by the names that clients ask for.
[[nodiscard]] std::vector<std::string_view> server_extensions(const serving::Services& services);

}  // namespace onda::protocol
