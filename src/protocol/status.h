#pragma once

#include <chrono>
#include <optional>

#include "onda/error.h"
#include "serving/inference_request.h"

namespace onda::protocol {

/// The status of HTTP for an error. The situation, where there is one, decides over the code.
[[nodiscard]] int http_status(ErrorCode code,
                              serving::FailureSituation situation = serving::FailureSituation::none) noexcept;

/// The number of gRPC's status for an error.
[[nodiscard]] int grpc_status(ErrorCode code,
                              serving::FailureSituation situation = serving::FailureSituation::none) noexcept;

/// After which time a client may try again; empty where that would not help.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(serving::FailureSituation situation) noexcept;

}  // namespace onda::protocol
