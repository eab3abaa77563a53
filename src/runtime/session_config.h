#pragma once

#include <onnxruntime_c_api.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/handles.h"

namespace onda::runtime {

/// Settles what `options` leave open (threads, device) and refuses what cannot be. Throws invalid_argument
/// with the option's name, unavailable where the device is not to be had and may not fall back; a fallback is
/// logged.
[[nodiscard]] SessionOptions settle_options(const Environment& environment, SessionOptions options);

/// What a session is made for, beside the user's options.
struct SessionPurpose {
  /// Write the optimised model there, in ORT format.
  std::filesystem::path save_to = {};
  /// The model is a prepared one: optimised already, its bytes stay valid, weights are used where they are.
  bool prepared = false;
};

/// ONNX Runtime's form of settled options. Thread counts are always explicit: ONNX Runtime otherwise takes
/// the host's topology.
[[nodiscard]] SessionOptionsHandle make_session_options(const Environment& environment,
                                                        const SessionOptions& settled,
                                                        const SessionPurpose& purpose);

}  // namespace onda::runtime
