#include "server/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace onda::server {
namespace {

class Task final : public LoopTask {
 public:
  explicit Task(std::function<void()> call) : call_(std::move(call)) {}
  void run() noexcept override { call_(); }

 private:
  std::function<void()> call_;
};

class Turns final : public EventLoop::Turn {
 public:
  bool on_turn() noexcept override { return wants_ticks; }
  void on_tick(EventLoop::Clock::time_point) noexcept override { ticked(); }

  std::atomic<bool> wants_ticks{false};
  std::function<void()> ticked = [] {};
};

class Seen final : public Watcher {
 public:
  explicit Seen(std::function<void(Readiness)> call) : call_(std::move(call)) {}
  void on_ready(Readiness readiness) noexcept override { call_(readiness); }

 private:
  std::function<void(Readiness)> call_;
};

constexpr EventLoop::RunOptions kOptions{.name = "test-loop", .tick = std::chrono::milliseconds(1)};

TEST(EventLoop, TasksRunInTheOrderPostedBeforeItStops) {
  EventLoop loop;
  Turns turns;
  std::vector<int> order;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(std::make_unique<Task>([&order, i] { order.push_back(i); }));
  for (const auto& task : tasks) loop.post(*task);
  loop.stop();
  loop.run(turns, kOptions);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(EventLoop, ATaskMayPostItselfAgain) {
  EventLoop loop;
  Turns turns;
  int runs = 0;
  Task task([&] {
    EXPECT_TRUE(loop.is_current());
    if (++runs == 5) {
      loop.stop();
    } else {
      loop.post(task);
    }
  });
  loop.post(task);
  EXPECT_FALSE(loop.is_current());
  loop.run(turns, kOptions);
  EXPECT_EQ(runs, 5);
}

TEST(EventLoop, TellsWhenADescriptorBecomesReadable) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  EventLoop loop;
  Turns turns;
  std::vector<Readiness> seen;
  Task write_now([&] { ASSERT_EQ(write(pair[1], "x", 1), 1); });
  Seen watcher([&](Readiness readiness) {
    seen.push_back(readiness);
    if (seen.size() == 1) return loop.post(write_now);
    if (readiness.ended) return loop.stop();
    EXPECT_TRUE(readiness.readable);
    close(pair[1]);
  });
  loop.watch(pair[0], watcher);
  loop.run(turns, kOptions);
  ASSERT_EQ(seen.size(), 3U);
  // That it can be written to is told at once.
  EXPECT_TRUE(seen[0].writable);
  EXPECT_FALSE(seen[0].readable);
  EXPECT_FALSE(seen[1].ended);
  EXPECT_TRUE(seen[2].ended);
  close(pair[0]);
}

TEST(EventLoop, ADescriptorThatIsNotWatchedAnyMoreIsNotTold) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  EventLoop loop;
  Turns turns;
  Seen watcher([](Readiness) { ADD_FAILURE(); });
  loop.watch(pair[0], watcher);
  loop.unwatch(pair[0]);
  ASSERT_EQ(write(pair[1], "x", 1), 1);
  turns.wants_ticks = true;
  turns.ticked = [&loop] { loop.stop(); };
  loop.run(turns, kOptions);
  close(pair[0]);
  close(pair[1]);
}

TEST(EventLoop, TicksForAsLongAsTheyAreWanted) {
  EventLoop loop;
  Turns turns;
  turns.wants_ticks = true;
  int ticks = 0;
  turns.ticked = [&] {
    if (++ticks == 3) loop.stop();
  };
  loop.run(turns, kOptions);
  EXPECT_EQ(ticks, 3);
}

TEST(EventLoopThreads, TasksOfManyThreadsAllRunOnTheLoop) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  EventLoop loop;
  Turns turns;
  std::thread runner([&] { loop.run(turns, kOptions); });
  std::array<int, kThreads> counts{};
  std::vector<std::thread> posters;
  for (int i = 0; i < kThreads; ++i) {
    posters.emplace_back([&loop, &counts, i] {
      for (int round = 0; round < kRounds; ++round) {
        std::atomic<bool> has_run{false};
        Task task([&] {
          ++counts[static_cast<std::size_t>(i)];
          has_run = true;
        });
        loop.post(task);
        // A wake-up that was lost would be waited for forever: there are no ticks.
        while (!has_run) std::this_thread::yield();
      }
    });
  }
  for (auto& poster : posters) poster.join();
  loop.stop();
  runner.join();
  for (const int count : counts) EXPECT_EQ(count, kRounds);
}

}  // namespace
}  // namespace onda::server
