#include "serving/worker_threads.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace onda::serving {
namespace {

class Call final : public Task {
 public:
  explicit Call(std::function<void()> call) : call_(std::move(call)) {}
  void run() noexcept override { call_(); }

 private:
  std::function<void()> call_;
};

TEST(WorkerThreadsThreads, HasAtLeastOneThread) {
  const WorkerThreads none(0);
  EXPECT_EQ(none.size(), 1U);
  const WorkerThreads three(3);
  EXPECT_EQ(three.size(), 3U);
}

TEST(WorkerThreadsThreads, RunsInTheOrderPosted) {
  std::vector<int> order;
  std::vector<std::unique_ptr<Call>> tasks;
  {
    WorkerThreads workers(1);
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(std::make_unique<Call>([&order, i] { order.push_back(i); }));
      workers.post(*tasks.back());
    }
  }
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(WorkerThreadsThreads, AsManyRunAtOnceAsThereAreThreads) {
  constexpr unsigned kThreads = 3;
  std::latch all_run(kThreads);
  std::vector<std::unique_ptr<Call>> tasks;
  WorkerThreads workers(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) {
    tasks.push_back(std::make_unique<Call>([&] { all_run.arrive_and_wait(); }));
    workers.post(*tasks.back());
  }
  all_run.wait();
}

TEST(WorkerThreadsThreads, TellsHowManyAreRunning) {
  std::latch both_run(3);
  std::latch ends(1);
  std::vector<std::unique_ptr<Call>> tasks;
  WorkerThreads workers(3);
  EXPECT_EQ(workers.busy(), 0U);
  for (int i = 0; i < 2; ++i) {
    tasks.push_back(std::make_unique<Call>([&] {
      both_run.arrive_and_wait();
      ends.wait();
    }));
    workers.post(*tasks.back());
  }
  both_run.arrive_and_wait();
  EXPECT_EQ(workers.busy(), 2U);
  ends.count_down();
  while (workers.busy() != 0) std::this_thread::yield();
}

TEST(WorkerThreadsThreads, ATaskMayPostItselfAgainFromWithin) {
  std::atomic<int> runs{0};
  std::promise<void> over;
  WorkerThreads workers(2);
  std::unique_ptr<Call> task;
  task = std::make_unique<Call>([&] {
    // Each run begins after the one before has posted, not after it has returned.
    if (++runs < 1000) {
      workers.post(*task);
    } else {
      over.set_value();
    }
  });
  workers.post(*task);
  over.get_future().wait();
  EXPECT_EQ(runs, 1000);
}

TEST(WorkerThreadsThreads, DestructionRunsWhatIsQueuedAndWhatThatPosts) {
  std::atomic<int> runs{0};
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  Call last([&] { ++runs; });
  std::unique_ptr<WorkerThreads> workers = std::make_unique<WorkerThreads>(1);
  WorkerThreads& pool = *workers;
  Call first([&] {
    opened.wait();
    ++runs;
  });
  Call second([&] {
    ++runs;
    pool.post(last);
  });
  pool.post(first);
  pool.post(second);
  {
    const std::jthread opener([&] { gate.set_value(); });
    workers.reset();
  }
  EXPECT_EQ(runs, 3);
}

TEST(WorkerThreadsThreads, NoTaskIsLostBetweenSleepAndPost) {
  constexpr int kRounds = 3000;
  class Round final : public Task {
   public:
    void run() noexcept override {
      runs.fetch_add(1);
      runs.notify_one();
    }
    std::atomic<int> runs{0};
  };
  std::array<Round, 3> rounds;
  WorkerThreads workers(3);
  std::vector<std::jthread> posters;
  for (Round& round : rounds) {
    posters.emplace_back([&] {
      // Each is posted when the one before has run: the workers fall asleep all the time.
      for (int i = 0; i < kRounds; ++i) {
        workers.post(round);
        round.runs.wait(i);
      }
    });
  }
  posters.clear();
  for (const Round& round : rounds) EXPECT_EQ(round.runs, kRounds);
}

}  // namespace
}  // namespace onda::serving
