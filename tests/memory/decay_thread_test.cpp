#include "memory/decay_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "support/threads_of_process.h"

namespace onda::memory {
namespace {

using std::chrono::steady_clock;
using test::threads_named;

constexpr auto kLong = std::chrono::hours(100);
constexpr auto kShort = std::chrono::milliseconds(1);

/// Counts passes, and finds more until it is told otherwise.
struct Passes {
  std::atomic<int> count{0};
  std::atomic<bool> more{true};

  DecayThread::Options options(std::chrono::nanoseconds interval) {
    return {.enabled = true,
            .interval = interval,
            .clock = [] { return steady_clock::now(); },
            .pass =
                [](void* self) noexcept {
                  auto& passes = *static_cast<Passes*>(self);
                  passes.count.fetch_add(1);
                  return DecayThread::Pass{.interval_ended = true, .more = passes.more.load()};
                },
            .context = this};
  }
};

void wait_until(const auto& condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(DecayThread, IsMadeAtTheFirstNeed) {
  Passes passes;
  DecayThread decay(passes.options(kLong));
  EXPECT_TRUE(threads_named("onda-decay").empty());
  decay.need();
  decay.need();
  EXPECT_EQ(threads_named("onda-decay").size(), 1U);
}

TEST(DecayThread, IsNeverMadeWhereItIsOff) {
  Passes passes;
  auto options = passes.options(kShort);
  options.enabled = false;
  DecayThread decay(options);
  decay.need();
  EXPECT_TRUE(threads_named("onda-decay").empty());
}

TEST(DecayThread, EndsWhenNothingIsLeftAndComesBack) {
  Passes passes;
  passes.more = false;
  DecayThread decay(passes.options(kShort));
  for (int round = 1; round <= 3; ++round) {
    decay.need();
    wait_until([] { return threads_named("onda-decay").empty(); });
    EXPECT_EQ(passes.count.load(), round);
  }
}

TEST(DecayThread, PassesAgainWhileThereIsMore) {
  Passes passes;
  DecayThread decay(passes.options(kShort));
  decay.need();
  wait_until([&] { return passes.count.load() >= 3; });
}

TEST(DecayThread, EndsWhenNobodyHasFreedForAsLongAsDecayTakes) {
  Passes passes;  // says for ever that there is more
  DecayThread decay(passes.options(kShort));
  decay.need();
  wait_until([] { return threads_named("onda-decay").empty(); });
  EXPECT_GE(passes.count.load(), 3);
}

TEST(DecayThread, DestructionDoesNotWaitForTheInterval) {
  Passes passes;
  {
    DecayThread decay(passes.options(kLong));
    decay.need();
  }
  EXPECT_EQ(passes.count.load(), 0);
  EXPECT_TRUE(threads_named("onda-decay").empty());
}

TEST(DecayThread, NothingComesAfterItWasStopped) {
  Passes passes;
  DecayThread decay(passes.options(kLong));
  decay.need();
  decay.stop();
  decay.need();
  EXPECT_TRUE(threads_named("onda-decay").empty());
  EXPECT_EQ(passes.count.load(), 0);
}

TEST(DecayThread, FollowsTheClockThatItIsGiven) {
  Passes passes;
  auto options = passes.options(kLong);
  std::atomic<int> hours{0};
  options.clock = [&] { return steady_clock::time_point(std::chrono::hours(hours.fetch_add(200))); };
  DecayThread decay(options);
  decay.need();
  wait_until([&] { return passes.count.load() >= 1; });
}

TEST(DecayThread, TakesNoSignals) {
  Passes passes;
  DecayThread decay(passes.options(kLong));
  decay.need();
  const auto threads = threads_named("onda-decay");
  ASSERT_EQ(threads.size(), 1U);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM}) {
    EXPECT_TRUE(threads.front().blocks(signal)) << signal;
  }
  sigset_t mine;
  sigemptyset(&mine);
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_FALSE(sigismember(&mine, SIGTERM));
}

TEST(DecayThreadThreads, NoNeedIsLost) {
  // Whoever "frees" before asking is served by a pass that begins afterwards, or the thread would end over
  // it.
  struct Heap {
    std::mutex mutex;
    int free = 0;
  } heap;
  DecayThread decay({.enabled = true,
                     .interval = std::chrono::nanoseconds(1),
                     .clock = [] { return steady_clock::now(); },
                     .pass =
                         [](void* self) noexcept {
                           auto& all = *static_cast<Heap*>(self);
                           const std::scoped_lock lock(all.mutex);
                           all.free = 0;
                           return DecayThread::Pass{.interval_ended = true, .more = false};
                         },
                     .context = &heap});
  const auto use = [&] {
    for (int i = 0; i < 200; ++i) {
      {
        const std::scoped_lock lock(heap.mutex);
        ++heap.free;
      }
      decay.need();
    }
  };
  {
    std::jthread other(use);
    use();
  }
  wait_until([&] {
    const std::scoped_lock lock(heap.mutex);
    return heap.free == 0;
  });
}

}  // namespace
}  // namespace onda::memory
