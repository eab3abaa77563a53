#pragma once

#include <functional>

namespace onda::test {

/// Runs `body` in a forked copy of this process, with SIGXFSZ ignored so that a limit on file sizes is an
/// error, and returns what it returns (0 to 255). -1 when a signal ended it or an exception left it. For what
/// changes the process for good: limits, the affinity.
[[nodiscard]] int in_child(const std::function<int()>& body);

}  // namespace onda::test
