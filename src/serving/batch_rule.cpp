#include "serving/batch_rule.h"

#include <algorithm>

namespace onda::serving {

BatchDecision form_batch(const BatchRule& rule, std::span<const Waiting> queue,
                         std::chrono::steady_clock::time_point now, std::vector<std::size_t>& members) {
  members.clear();
  if (queue.empty()) return {};
  const Waiting& first = queue.front();
  std::int64_t items = 0;
  std::size_t preferred_members = 0;
  bool is_closed = false;
  for (std::size_t i = 0; i < queue.size() && !is_closed; ++i) {
    if (queue[i].shape_key != first.shape_key) continue;
    // The first of all goes even if it alone is too large: nothing would ever make it fit.
    if (!members.empty() && queue[i].items > rule.max_batch_size - items) {
      is_closed = true;
      break;
    }
    members.push_back(i);
    items += queue[i].items;
    if (std::find(rule.preferred_sizes.begin(), rule.preferred_sizes.end(), items) !=
        rule.preferred_sizes.end()) {
      preferred_members = members.size();
    }
    is_closed = items >= rule.max_batch_size;
  }
  if (preferred_members > 0) {
    members.resize(preferred_members);
    return {BatchDecision::Action::run};
  }
  const auto until = first.arrival + rule.max_queue_delay;
  if (is_closed || now >= until) return {BatchDecision::Action::run};
  members.clear();
  return {BatchDecision::Action::wait, until};
}

}  // namespace onda::serving
