#include "serving/batch_rule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace onda::serving {
namespace {

using std::chrono::microseconds;
using Point = std::chrono::steady_clock::time_point;
using Action = BatchDecision::Action;

const Point kStart = Point(std::chrono::hours(1));

/// One row of the table: who waits (items, shape, microseconds since its arrival), and what the rule says.
struct Case {
  std::string rule;
  BatchRule batch;
  struct Request {
    std::int64_t items = 1;
    std::uint64_t shape = 0;
    int waited_us = 0;
  };
  std::vector<Request> queue;
  Action action = Action::nothing;
  std::vector<std::size_t> members;
  int wait_us = 0;
};

std::vector<Case> cases() {
  const BatchRule at_once{8, {}, microseconds(0)};
  const BatchRule delayed{8, {}, microseconds(100)};
  const BatchRule preferred{8, {2, 4}, microseconds(100)};
  return {
      {"nobody waits", at_once, {}, Action::nothing, {}},
      {"without a delay whoever waits runs", at_once, {{1}, {2}}, Action::run, {0, 1}},
      {"no more than the largest batch",
       {4, {}, microseconds(0)},
       {{1}, {1}, {1}, {1}, {1}},
       Action::run,
       {0, 1, 2, 3}},
      {"a request that does not fit ends the batch",
       {4, {}, microseconds(0)},
       {{3}, {2}, {1}},
       Action::run,
       {0}},
      {"the first runs even if it is too large", {4, {}, microseconds(0)}, {{9}, {1}}, Action::run, {0}},
      {"other shapes never meet", at_once, {{1, 1}, {1, 2}, {1, 1}}, Action::run, {0, 2}},
      {"a batch that could grow waits", delayed, {{1, 0, 30}, {1, 0, 10}}, Action::wait, {}, 70},
      {"the wait is that of the first", delayed, {{1, 0, 100}, {1, 0, 0}}, Action::run, {0, 1}},
      {"a full batch does not wait", delayed, {{4}, {4}}, Action::run, {0, 1}},
      {"one that cannot grow does not wait", delayed, {{5}, {4}}, Action::run, {0}},
      {"another shape does not end the wait", delayed, {{1, 1, 5}, {8, 2, 5}}, Action::wait, {}, 95},
      {"a preferred size runs at once", preferred, {{1}, {1}}, Action::run, {0, 1}},
      {"the largest preferred size that is reached",
       preferred,
       {{1}, {1}, {1}, {1}, {1}},
       Action::run,
       {0, 1, 2, 3}},
      {"below the preferred sizes it waits", preferred, {{1, 0, 40}}, Action::wait, {}, 60},
      {"a size that jumps over the preferred ones waits", preferred, {{3}}, Action::wait, {}, 100},
      {"after the delay it runs without one", preferred, {{3, 0, 100}}, Action::run, {0}},
      {"a preferred size within a full batch goes first", preferred, {{2}, {6}}, Action::run, {0}},
      {"no items are a batch too", at_once, {{0}, {0}}, Action::run, {0, 1}},
  };
}

TEST(FormBatch, FollowsTheTable) {
  for (const Case& row : cases()) {
    SCOPED_TRACE(row.rule);
    const Point now = kStart;
    std::vector<Waiting> queue;
    for (const auto& request : row.queue) {
      queue.push_back({now - microseconds(request.waited_us), request.items, request.shape});
    }
    std::vector<std::size_t> members = {99};
    const auto decision = form_batch(row.batch, queue, now, members);
    EXPECT_EQ(decision.action, row.action);
    EXPECT_EQ(members, row.members);
    if (row.action == Action::wait) {
      EXPECT_EQ(decision.until, now + microseconds(row.wait_us));
    }
  }
}

TEST(FormBatch, IsPure) {
  const BatchRule rule{8, {3}, microseconds(50)};
  const std::vector<Waiting> queue = {{kStart, 2, 1}, {kStart, 1, 1}, {kStart, 2, 2}};
  std::vector<std::size_t> once;
  std::vector<std::size_t> twice;
  EXPECT_EQ(form_batch(rule, queue, kStart, once).action, form_batch(rule, queue, kStart, twice).action);
  EXPECT_EQ(once, twice);
}

}  // namespace
}  // namespace onda::serving
