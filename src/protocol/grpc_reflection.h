#pragma once

#include <string>

#include "protocol/grpc_wire.h"

namespace onda::protocol {

/// The serialised answer to one message of the reflection service: which services there are, and the files
/// that define them, each with all that it imports. What cannot be answered is an error within the answer;
/// throws invalid_argument for what is no message. From any thread.
[[nodiscard]] std::string answer_reflection(Slices request);

}  // namespace onda::protocol
