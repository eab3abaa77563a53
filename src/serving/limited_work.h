#pragma once

#include <chrono>
#include <functional>

namespace onda::serving {

/// Calls `work` on a thread of its own and waits for it, at most for `limit`. Throws what it throws. After
/// `limit`, deadline_exceeded with `what` in front, and the thread is left to itself, since nothing can end
/// what it is in: it must own all that it uses. Such threads are counted: a process that has some cannot end
/// by joining them.
void run_limited(std::chrono::nanoseconds limit, const char* what, std::function<void()> work);

/// How many that were left to themselves are still at work.
[[nodiscard]] int abandoned_work() noexcept;

}  // namespace onda::serving
