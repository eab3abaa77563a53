#include "runtime/deadline_timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace onda::runtime {
namespace {

using std::chrono::hours;
using Clock = DeadlineTimer::Clock;

Clock::time_point fulfil(void* promise) noexcept {
  static_cast<std::promise<void>*>(promise)->set_value();
  return DeadlineTimer::kNever;
}

TEST(DeadlineTimerThreads, CallsWhenTheDeadlinePasses) {
  DeadlineTimer timer;
  std::promise<void> expired;
  const DeadlineTimer::Entry entry(timer, Clock::now(), fulfil, &expired);
  expired.get_future().wait();
}

TEST(DeadlineTimerThreads, AnEarlierDeadlineThatComesLaterIsNotMissed) {
  DeadlineTimer timer;
  std::promise<void> late;
  const DeadlineTimer::Entry far(timer, Clock::now() + hours(1), fulfil, &late);
  std::promise<void> soon;
  const DeadlineTimer::Entry near(timer, Clock::now(), fulfil, &soon);
  soon.get_future().wait();
}

TEST(DeadlineTimerThreads, NothingIsCalledOnceTheEntryIsGone) {
  DeadlineTimer timer;
  std::atomic<int> calls{0};
  const auto count = [](void* counter) noexcept {
    static_cast<std::atomic<int>*>(counter)->fetch_add(1);
    return DeadlineTimer::kNever;
  };
  { const DeadlineTimer::Entry entry(timer, Clock::now() + hours(1), count, &calls); }
  std::promise<void> after;
  const DeadlineTimer::Entry entry(timer, Clock::now(), fulfil, &after);
  after.get_future().wait();
  EXPECT_EQ(calls, 0);
}

TEST(DeadlineTimerThreads, CallsAgainWhenItIsToldTo) {
  DeadlineTimer timer;
  struct Context {
    int calls = 0;
    std::promise<void> third;
  } context;
  const DeadlineTimer::Entry entry(
      timer, Clock::now(),
      [](void* given) noexcept {
        auto* mine = static_cast<Context*>(given);
        if (++mine->calls < 3) return Clock::now();
        mine->third.set_value();
        return DeadlineTimer::kNever;
      },
      &context);
  context.third.get_future().wait();
}

TEST(DeadlineTimerThreads, TakesADeadlineLater) {
  DeadlineTimer timer;
  for (const bool has_passed : {false, true}) {
    std::promise<void> expired;
    DeadlineTimer::Entry entry(timer, has_passed ? Clock::now() - hours(1) : DeadlineTimer::kNever, fulfil,
                               &expired);
    if (has_passed) {
      expired.get_future().wait();
      expired = {};
    }
    entry.set(Clock::now());
    expired.get_future().wait();
  }
}

TEST(DeadlineTimerThreads, ServesManyCallersAtOnce) {
  DeadlineTimer timer;
  std::atomic<int> calls{0};
  const auto run = [&] {
    for (int i = 0; i < 200; ++i) {
      struct Context {
        std::atomic<int>* calls;
        std::promise<void> done;
      } context{&calls, {}};
      const DeadlineTimer::Entry entry(
          timer, Clock::now() + std::chrono::microseconds(i % 3),
          [](void* given) noexcept {
            auto* mine = static_cast<Context*>(given);
            mine->calls->fetch_add(1);
            mine->done.set_value();
            return DeadlineTimer::kNever;
          },
          &context);
      context.done.get_future().wait();
    }
  };
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) callers.emplace_back(run);
  }
  EXPECT_EQ(calls, 800);
}

}  // namespace
}  // namespace onda::runtime
