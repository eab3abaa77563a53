#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <cstdint>
#include <cstring>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "onda/recycling_allocator.h"

namespace onda {
namespace {

constexpr std::size_t kKilobyte = 1024;
constexpr std::size_t kMegabyte = 1024 * kKilobyte;

/// A block whose first and last bytes say whose it is.
struct Block {
  unsigned char* begin = nullptr;
  std::size_t bytes = 0;
  std::size_t alignment = 0;
  unsigned char mark = 0;

  void write() const {
    begin[0] = mark;
    begin[bytes / 2] = mark;
    begin[bytes - 1] = mark;
  }
  [[nodiscard]] bool is_intact() const {
    return begin[0] == mark && begin[bytes / 2] == mark && begin[bytes - 1] == mark;
  }
};

TEST(RecyclingAllocatorThreads, BlocksStayApartWhateverEightThreadsDo) {
  RecyclingAllocator allocator({.decay = std::chrono::milliseconds(1)});
  std::mutex mutex;
  std::vector<Block> shared;  // given back by whoever finds them
  const auto hammer = [&](unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Block> mine;
    for (int i = 0; i < 3000; ++i) {
      const bool is_large = random() % 16 == 0;
      Block block;
      block.bytes = 1 + random() % (is_large ? 300 * kKilobyte : std::size_t{1} << (random() % 16));
      block.alignment = std::size_t{64} << (random() % 64 == 0 ? random() % 9 : 0);
      block.mark = static_cast<unsigned char>(random());
      block.begin = static_cast<unsigned char*>(allocator.allocate(block.bytes, block.alignment));
      block.write();
      mine.push_back(block);
      if (random() % 2 == 0) {
        std::swap(mine[random() % mine.size()], mine.back());
        Block out = mine.back();
        mine.pop_back();
        if (random() % 4 == 0) {
          const std::scoped_lock lock(mutex);
          shared.push_back(out);
          std::swap(shared[random() % shared.size()], shared.back());
          out = shared.back();
          shared.pop_back();
        }
        ASSERT_TRUE(out.is_intact());
        if (random() % 2 == 0) {
          allocator.deallocate(out.begin, out.bytes, out.alignment);
        } else {
          allocator.deallocate(out.begin);
        }
      }
      if (mine.size() > 50) {
        const std::scoped_lock lock(mutex);
        shared.insert(shared.end(), mine.begin() + 25, mine.end());
        mine.resize(25);
      }
      if (i % 500 == 0) allocator.trim();
      if (i % 100 == 0) static_cast<void>(allocator.statistics());
    }
    for (const Block& block : mine) {
      ASSERT_TRUE(block.is_intact());
      allocator.deallocate(block.begin, block.bytes, block.alignment);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t) threads.emplace_back(hammer, t);
  }
  for (const Block& block : shared) {
    ASSERT_TRUE(block.is_intact());
    allocator.deallocate(block.begin, block.bytes, block.alignment);
  }
  const auto statistics = allocator.statistics();
  EXPECT_EQ(statistics.live_bytes, 0U);
  EXPECT_EQ(statistics.allocations, 8U * 3000U);
  EXPECT_EQ(statistics.cache_hits + statistics.cache_misses, statistics.allocations);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().held_bytes, 0U);
}

TEST(RecyclingAllocatorThreads, BlocksThatAnotherThreadGivesBackDoNotAddUp) {
  RecyclingAllocator allocator({.background = false});
  constexpr std::size_t kBytes = 1000;
  constexpr std::size_t kBlocks = 1000;
  std::array<void*, kBlocks> blocks{};
  std::barrier turn(2);
  std::jthread consumer([&] {
    for (int round = 0; round < 50; ++round) {
      turn.arrive_and_wait();
      for (void* block : blocks) allocator.deallocate(block, kBytes);
      turn.arrive_and_wait();
    }
  });
  for (int round = 0; round < 50; ++round) {
    for (void*& block : blocks) block = allocator.allocate(kBytes);
    turn.arrive_and_wait();
    turn.arrive_and_wait();
    EXPECT_EQ(allocator.statistics().live_bytes, 0U);
    // The blocks, two caches, and a granule's rounding.
    EXPECT_LE(allocator.statistics().held_bytes, kBlocks * 1024 + 2 * 256 * kKilobyte + 128 * kKilobyte);
  }
}

TEST(RecyclingAllocatorThreads, WhatTheCacheOfAnotherThreadHoldsIsBackAtItsEnd) {
  RecyclingAllocator allocator({.budget_bytes = kMegabyte, .background = false});
  std::promise<void> used;
  std::promise<void> end;
  std::jthread other([&] {
    allocator.deallocate(allocator.allocate(kKilobyte), kKilobyte);
    used.set_value();
    end.get_future().wait();
  });
  used.get_future().wait();
  EXPECT_EQ(allocator.statistics().live_bytes, 0U);
  EXPECT_EQ(allocator.try_allocate(kMegabyte), nullptr) << "the other thread keeps a block";
  end.set_value();
  other.join();
  void* all = allocator.allocate(kMegabyte);
  allocator.deallocate(all, kMegabyte);
}

TEST(RecyclingAllocatorThreads, MayGoBeforeTheThreadsThatUsedIt) {
  auto allocator = std::make_unique<RecyclingAllocator>();
  std::promise<void> used;
  std::promise<void> end;
  std::jthread other([&] {
    allocator->deallocate(allocator->allocate(64), 64);
    used.set_value();
    end.get_future().wait();
    // Another one may stand where the first did.
    RecyclingAllocator next;
    next.deallocate(next.allocate(64), 64);
    EXPECT_EQ(next.statistics().allocations, 1U);
  });
  used.get_future().wait();
  allocator.reset();
  end.set_value();
}

TEST(RecyclingAllocatorThreads, MayGoWhileItsDecayIsUnderWayAndThreadsEnd) {
  for (int i = 0; i < 100; ++i) {
    auto allocator =
        std::make_unique<RecyclingAllocator>(RecyclingOptions{.decay = std::chrono::nanoseconds(1)});
    std::promise<void> used;
    std::jthread other([&] {
      allocator->deallocate(allocator->allocate(64), 64);
      allocator->deallocate(allocator->allocate(kMegabyte), kMegabyte);
      used.set_value();
    });
    used.get_future().wait();
    allocator.reset();
  }
}

TEST(RecyclingAllocatorThreads, MoreAllocatorsThanHaveCachesWorkAndCount) {
  std::vector<std::unique_ptr<RecyclingAllocator>> allocators;
  for (int i = 0; i < 10; ++i) {
    allocators.push_back(std::make_unique<RecyclingAllocator>(RecyclingOptions{.background = false}));
  }
  const auto use_all = [&] {
    for (const auto& allocator : allocators) {
      void* small = allocator->allocate(64);
      void* large = allocator->allocate(100000);
      allocator->deallocate(small, 64);
      allocator->deallocate(large);
    }
  };
  {
    std::jthread other(use_all);
    use_all();
  }
  for (const auto& allocator : allocators) {
    EXPECT_EQ(allocator->statistics().allocations, 4U);
    EXPECT_EQ(allocator->statistics().live_bytes, 0U);
    allocator->trim();
    EXPECT_EQ(allocator->statistics().held_bytes, 0U);
  }
}

/// Gives back when static or thread-local objects are destroyed.
struct Late {
  RecyclingAllocator& allocator;
  void* block;
  ~Late() {
    allocator.deallocate(block, 64);
    allocator.deallocate(allocator.allocate(64), 64);
  }
};

TEST(RecyclingAllocatorThreads, ThreadLocalObjectsMayUseItAsTheyGo) {
  static RecyclingAllocator allocator({.background = false});
  std::jthread([] {
    thread_local Late late{allocator, allocator.allocate(64)};
    EXPECT_NE(late.block, nullptr);
  }).join();
  EXPECT_EQ(allocator.statistics().live_bytes, 0U);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().held_bytes, 0U);
  static Late at_the_end{allocator, allocator.allocate(64)};
  EXPECT_NE(at_the_end.block, nullptr);
}

}  // namespace
}  // namespace onda
