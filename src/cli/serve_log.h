#pragma once

#include <memory>

#include "onda/log.h"
#include "telemetry/log_settings.h"

namespace onda::cli {

/// A server's log: lines on standard error, of the levels and in the form that `settings` say at the time.
/// `settings` outlives it.
[[nodiscard]] LogSink server_log(const telemetry::LogSettings& settings);

}  // namespace onda::cli
