#pragma once

#include <cstdint>
#include <optional>

#include "base/machine.h"

namespace onda::base {

/// What the control groups of this process let it use: the tightest of its own group and all above it that
/// can be seen.
struct CgroupLimits {
  std::optional<double> cores;
  std::optional<std::uint64_t> memory_bytes;
};

/// Reads versions 1 and 2 and mixtures of both. Never throws for what is absent or cannot be understood: it
/// sets no limit then.
[[nodiscard]] CgroupLimits cgroup_limits(const MachineRoot& root);

}  // namespace onda::base
