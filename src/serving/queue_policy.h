#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

namespace onda::serving {

/// What happens to the requests of one priority in the queue.
struct QueuePolicy {
  enum class TimeoutAction {
    reject,  ///< answered with an error
    delay    ///< served when nobody else waits
  };
  TimeoutAction timeout_action = TimeoutAction::reject;
  std::chrono::microseconds default_timeout{0};  ///< 0: none
  /// Whether a request's own timeout counts, where it is shorter.
  bool allow_timeout_override = false;
  std::size_t max_queue_size = 0;  ///< 0: that of all together
};

struct QueueOptions {
  /// Priorities 1, the highest, to `priority_levels`; 0: there is one.
  unsigned priority_levels = 0;
  unsigned default_priority_level = 0;
  QueuePolicy default_policy = {};
  std::map<std::uint64_t, QueuePolicy> policies = {};
  /// Requests that wait at most, of all priorities together.
  std::size_t max_queue_size = 4096;
};

}  // namespace onda::serving
