#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace onda::serving {

/// What the rule sees of a request that waits.
struct Waiting {
  std::chrono::steady_clock::time_point arrival;
  std::int64_t items = 1;       ///< its batch dimension
  std::uint64_t shape_key = 0;  ///< only requests with equal ones share a batch
};

struct BatchRule {
  std::int64_t max_batch_size = 1;
  std::vector<std::int64_t> preferred_sizes = {};  ///< in any order
  std::chrono::microseconds max_queue_delay{0};
};

struct BatchDecision {
  enum class Action {
    nothing,  ///< nobody waits
    run,      ///< the members, now
    wait      ///< for more of them, at most until `until`
  };
  Action action = Action::nothing;
  std::chrono::steady_clock::time_point until = {};
};

/// Which requests run together, given that one execution may begin now. Pure: equal input, equal answer.
///
/// `queue` is in the order in which requests are served; its first is always a member. The others are those
/// with its shapes, in order, as long as all fit into `max_batch_size`. As soon as they reach a preferred
/// size, the largest one reached runs; else a batch that cannot grow runs, and one whose first request has
/// waited for `max_queue_delay`. `members` gets their indices, ascending; it is empty unless the action is
/// `run`.
[[nodiscard]] BatchDecision form_batch(const BatchRule& rule, std::span<const Waiting> queue,
                                       std::chrono::steady_clock::time_point now,
                                       std::vector<std::size_t>& members);

}  // namespace onda::serving
