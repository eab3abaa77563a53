#include "serving/steady_timing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "support/manual_timing.h"

namespace onda::serving {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

void fulfil(void* promise) noexcept { static_cast<std::promise<void>*>(promise)->set_value(); }
void count(void* counter) noexcept { static_cast<std::atomic<int>*>(counter)->fetch_add(1); }

TEST(SteadyTimingThreads, CallsOnceItsTimeHasCome) {
  SteadyTiming timing;
  std::promise<Alarm::Point> called;
  const auto alarm = timing.make_alarm(
      [](void* promise) noexcept {
        static_cast<std::promise<Alarm::Point>*>(promise)->set_value(std::chrono::steady_clock::now());
      },
      &called);
  const auto when = timing.now() + microseconds(200);
  alarm->set(when);
  EXPECT_GE(called.get_future().get(), when);
}

TEST(SteadyTimingThreads, AnEarlierTimeThatComesLaterIsNotMissed) {
  SteadyTiming timing;
  std::atomic<int> far_calls{0};
  const auto far = timing.make_alarm(count, &far_calls);
  far->set(timing.now() + hours(1));
  std::promise<void> called;
  const auto near = timing.make_alarm(fulfil, &called);
  near->set(timing.now() + hours(2));
  near->set(timing.now());
  called.get_future().wait();
  EXPECT_EQ(far_calls, 0);
}

TEST(SteadyTimingThreads, ALaterTimeReplacesTheEarlierOne) {
  SteadyTiming timing;
  std::atomic<int> calls{0};
  const auto put_off = timing.make_alarm(count, &calls);
  put_off->set(timing.now() + microseconds(500));
  put_off->set(Alarm::Point::max());
  // An alarm at a later time than the first had: the first would have been called before it.
  std::promise<void> called;
  const auto other = timing.make_alarm(fulfil, &called);
  other->set(timing.now() + microseconds(600));
  called.get_future().wait();
  EXPECT_EQ(calls, 0);
}

TEST(SteadyTimingThreads, IsCalledOncePerTimeSet) {
  SteadyTiming timing;
  std::promise<void> first;
  std::promise<void> second;
  struct Calls {
    std::atomic<std::promise<void>*> next;
  } calls{{&first}};
  const auto alarm = timing.make_alarm(
      [](void* self) noexcept { static_cast<Calls*>(self)->next.load()->set_value(); }, &calls);
  alarm->set(timing.now());
  first.get_future().wait();
  calls.next = &second;
  alarm->set(timing.now());
  second.get_future().wait();
}

TEST(SteadyTimingThreads, MayBeSetUnderALockThatTheCallTakes) {
  SteadyTiming timing;
  struct Guarded {
    std::mutex mutex;
    int calls = 0;
  } guarded;
  const auto alarm = timing.make_alarm(
      [](void* self) noexcept {
        auto& mine = *static_cast<Guarded*>(self);
        const std::scoped_lock lock(mine.mutex);
        ++mine.calls;
      },
      &guarded);
  for (int seen = 0; seen < 200;) {
    const std::scoped_lock lock(guarded.mutex);
    seen = guarded.calls;
    alarm->set(timing.now());
  }
}

TEST(SteadyTimingThreads, DestructionWaitsForTheCallAndNoneComesAfterIt) {
  SteadyTiming timing;
  for (int i = 0; i < 300; ++i) {
    struct State {
      std::atomic<bool> is_alive{true};
      std::atomic<int> late{0};
    } state;
    auto alarm = timing.make_alarm(
        [](void* self) noexcept {
          auto& mine = *static_cast<State*>(self);
          std::this_thread::yield();
          if (!mine.is_alive) mine.late.fetch_add(1);
        },
        &state);
    alarm->set(timing.now());
    if (i % 2 == 0) std::this_thread::yield();
    alarm.reset();
    state.is_alive = false;
    EXPECT_EQ(state.late, 0);
  }
}

TEST(SteadyTimingThreads, ACallMaySetAnotherAlarm) {
  SteadyTiming timing;
  std::promise<void> called;
  const auto second = timing.make_alarm(fulfil, &called);
  const auto first = timing.make_alarm(
      [](void* other) noexcept { static_cast<Alarm*>(other)->set(std::chrono::steady_clock::now()); },
      second.get());
  first->set(timing.now());
  called.get_future().wait();
}

TEST(SteadyTimingThreads, ACallMaySetItsOwnAlarm) {
  SteadyTiming timing;
  struct Context {
    std::atomic<Alarm*> alarm{nullptr};
    int calls = 0;
    std::promise<void> third;
  } context;
  const auto alarm = timing.make_alarm(
      [](void* self) noexcept {
        auto& mine = *static_cast<Context*>(self);
        if (++mine.calls < 3) {
          mine.alarm.load()->set(std::chrono::steady_clock::now());
        } else {
          mine.third.set_value();
        }
      },
      &context);
  context.alarm = alarm.get();
  alarm->set(timing.now());
  context.third.get_future().wait();
}

TEST(SteadyTimingThreads, ServesManyAlarmsAtOnce) {
  SteadyTiming timing;
  std::atomic<int> calls{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        struct Context {
          std::atomic<int>& calls;
          std::atomic<int> seen{0};
        } context{calls};
        const auto alarm = timing.make_alarm(
            [](void* self) noexcept {
              auto& mine = *static_cast<Context*>(self);
              mine.calls.fetch_add(1);
              mine.seen.fetch_add(1);
              mine.seen.notify_one();
            },
            &context);
        for (int i = 0; i < 200; ++i) {
          alarm->set(timing.now() + microseconds(i % 3));
          context.seen.wait(i);
        }
      });
    }
  }
  EXPECT_EQ(calls, 800);
}

TEST(ManualTiming, AlarmsGoOffInOrderAtTheirOwnTimes) {
  test::ManualTiming timing;
  struct Record {
    test::ManualTiming& timing;
    std::vector<std::pair<int, Alarm::Point>> calls;
  } record{timing, {}};
  const auto a = timing.make_alarm(
      [](void* self) noexcept {
        auto& mine = *static_cast<Record*>(self);
        mine.calls.emplace_back(1, mine.timing.now());
      },
      &record);
  const auto b = timing.make_alarm(
      [](void* self) noexcept {
        auto& mine = *static_cast<Record*>(self);
        mine.calls.emplace_back(2, mine.timing.now());
      },
      &record);
  const auto start = timing.now();
  a->set(start + microseconds(20));
  b->set(start + microseconds(10));
  EXPECT_EQ(timing.next(), start + microseconds(10));
  timing.advance(microseconds(9));
  EXPECT_TRUE(record.calls.empty());
  timing.advance(microseconds(100));
  ASSERT_EQ(record.calls.size(), 2U);
  EXPECT_EQ(record.calls[0], std::make_pair(2, start + microseconds(10)));
  EXPECT_EQ(record.calls[1], std::make_pair(1, start + microseconds(20)));
  EXPECT_EQ(timing.now(), start + microseconds(109));
  EXPECT_EQ(timing.next(), Alarm::Point::max());
}

}  // namespace
}  // namespace onda::serving
