#pragma once

#include <onnxruntime_c_api.h>

#include <filesystem>
#include <optional>
#include <string>

#include "onda/session.h"
#include "runtime/environment.h"
#include "runtime/handles.h"
#include "runtime/prepared_form.h"

namespace onda::runtime {

/// Settles what `options` leave open (threads, device, memory) and refuses what cannot be. Throws
/// invalid_argument with the option's name, unavailable where the device is not to be had and may not fall
/// back; a fallback is logged.
[[nodiscard]] SessionOptions settle_options(const Environment& environment, SessionOptions options);

/// What a session is made for, beside the user's options.
struct SessionPurpose {
  /// Write the optimised model there, in ORT format, or …
  std::filesystem::path save_to = {};
  /// … in ONNX format with the weights in a file of this name beside it, and with them the forms that the
  /// kernels pack them into.
  std::string save_weights = {};
  /// The model is a prepared one: optimised already, weights are used where they are. In the ORT form its
  /// bytes stay valid.
  std::optional<PreparedForm> prepared = {};
  /// In the external form, where the entry is that its graph names.
  std::filesystem::path weights_directory = {};
  /// It is only tried whether it opens; nothing is run.
  bool trial = false;
};

/// ONNX Runtime's form of settled options. Thread counts are always explicit: ONNX Runtime otherwise takes
/// the host's topology.
[[nodiscard]] SessionOptionsHandle make_session_options(const Environment& environment,
                                                        const SessionOptions& settled,
                                                        const SessionPurpose& purpose);

}  // namespace onda::runtime
