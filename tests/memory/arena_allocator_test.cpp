#include "onda/arena_allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "memory/poison.h"
#include "onda/recycling_allocator.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"

namespace onda {
namespace {

using test::FailingAllocator;
using test::throws_error;

constexpr std::size_t kKilobyte = 1024;

bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST(ArenaAllocator, TakesNothingUntilItIsAsked) {
  const auto parent = std::make_shared<FailingAllocator>();
  const ArenaAllocator arena(parent);
  EXPECT_EQ(parent->calls(), 0U);
  EXPECT_EQ(arena.statistics().held_bytes, 0U);
}

TEST(ArenaAllocator, RefusesToBeWithoutAParent) {
  EXPECT_TRUE(
      throws_error([] { return ArenaAllocator(nullptr); }, ErrorCode::invalid_argument, "no allocator"));
}

TEST(ArenaAllocator, AlignsToTheLargerOfItsOwnAndTheCallersAlignment) {
  ArenaAllocator arena;
  for (std::size_t alignment = 1; alignment <= 64 * kKilobyte; alignment *= 2) {
    for (const std::size_t bytes : {0U, 1U, 65U, 1000U, 70000U}) {
      void* block = arena.allocate(bytes, alignment);
      EXPECT_TRUE(is_aligned(block, alignment));
      EXPECT_TRUE(is_aligned(block, Allocator::kAlignment));
      std::memset(block, 0x5A, bytes);
    }
  }
}

TEST(ArenaAllocator, ZeroBytesGiveBlocksOfTheirOwn) {
  ArenaAllocator arena;
  std::set<void*> blocks;
  for (int i = 0; i < 3; ++i) blocks.insert(arena.allocate(0));
  EXPECT_EQ(blocks.size(), 3U);
  EXPECT_FALSE(blocks.contains(nullptr));
}

TEST(ArenaAllocator, BlocksStandOneAfterAnother) {
  ArenaAllocator arena;
  auto* first = static_cast<char*>(arena.allocate(64));
  auto* second = static_cast<char*>(arena.allocate(1));
  auto* third = static_cast<char*>(arena.allocate(200));
  EXPECT_EQ(second, first + 64);
  EXPECT_EQ(third, second + 64);
  arena.deallocate(second, 1);
  EXPECT_EQ(arena.allocate(1), third + 256) << "given back is not free";
}

TEST(ArenaAllocator, ResetEndsAllBlocksAndKeepsTheLargestChunk) {
  const auto parent = std::make_shared<FailingAllocator>();
  ArenaAllocator arena(parent, kKilobyte);
  const auto pass = [&] {
    for (int i = 0; i < 100; ++i) static_cast<void>(arena.allocate(kKilobyte));
  };
  pass();
  EXPECT_GT(parent->live_blocks(), 1);
  arena.reset();
  EXPECT_EQ(parent->live_blocks(), 1);
  EXPECT_EQ(arena.statistics().live_bytes, 0U);
  EXPECT_EQ(arena.statistics().held_bytes, parent->statistics().live_bytes);
  for (int i = 0; i < 3; ++i) {
    pass();
    arena.reset();
  }
  const auto calls = parent->calls();
  pass();
  arena.reset();
  EXPECT_EQ(parent->calls(), calls) << "one chunk holds a pass";
}

TEST(ArenaAllocator, ResetOfAnArenaWithoutChunksIsAllowed) {
  ArenaAllocator arena;
  arena.reset();
  EXPECT_NE(arena.allocate(1), nullptr);
}

TEST(ArenaAllocator, ALargeBlockLeavesTheChunkBeforeInUse) {
  const auto parent = std::make_shared<FailingAllocator>();
  ArenaAllocator arena(parent, 64 * kKilobyte);
  auto* small = static_cast<char*>(arena.allocate(64));
  static_cast<void>(arena.allocate(1000 * kKilobyte));
  EXPECT_EQ(arena.allocate(64), small + 64);
  EXPECT_EQ(parent->calls(), 2U);
}

TEST(ArenaAllocator, CountsBlocksBytesAndWhatTookTheLock) {
  ArenaAllocator arena;
  void* first = arena.allocate(100);
  static_cast<void>(arena.allocate(1000));
  arena.deallocate(first, 100);
  arena.deallocate(nullptr, 0);
  const auto statistics = arena.statistics();
  EXPECT_EQ(statistics.live_bytes, 1000U);
  EXPECT_EQ(statistics.peak_bytes, 1100U);
  EXPECT_EQ(statistics.held_bytes, ArenaAllocator::kFirstChunkBytes);
  EXPECT_EQ(statistics.allocations, 2U);
  EXPECT_EQ(statistics.cache_hits, 1U);
  EXPECT_EQ(statistics.cache_misses, 1U);
}

TEST(ArenaAllocator, RefusesWhatCannotBeHadAndStaysUsable) {
  ArenaAllocator arena;
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {kMax, kMax - 63, kMax / 2, kMax / 2 - 64, kMax / 2 - 128}) {
    EXPECT_TRUE(throws_error([&] { return arena.allocate(bytes); }, ErrorCode::resource_exhausted,
                             "cannot allocate"));
    EXPECT_TRUE(throws_error([&] { return arena.allocate(bytes, std::size_t{1} << 63U); },
                             ErrorCode::resource_exhausted));
  }
  for (const std::size_t alignment : {0U, 3U, 96U}) {
    EXPECT_TRUE(throws_error([&] { return arena.allocate(8, alignment); }, ErrorCode::invalid_argument,
                             std::to_string(alignment)));
  }
  EXPECT_EQ(arena.statistics().allocations, 0U);
  EXPECT_NE(arena.allocate(16), nullptr);
}

TEST(ArenaAllocator, ARefusedChunkLeavesItUsableAndLeaksNothing) {
  const int refusals = test::refusals_until_success([](const std::shared_ptr<Allocator>& parent) {
    // Each chunk is no larger than its first block needs: one that is larger is asked for again when refused.
    ArenaAllocator arena(parent, 1);
    for (const std::size_t bytes : {100U, 3000U, 500000U, 4000000U}) {
      auto* block = static_cast<char*>(arena.allocate(bytes));
      block[0] = block[bytes - 1] = 1;
    }
  });
  EXPECT_EQ(refusals, 4);
}

TEST(ArenaAllocator, TakesWhatIsNeededWhereMoreIsRefused) {
  const auto parent = std::make_shared<RecyclingAllocator>(
      RecyclingOptions{.budget_bytes = 1000 * kKilobyte, .background = false});
  ArenaAllocator arena(parent);
  static_cast<void>(arena.allocate(600 * kKilobyte));
  EXPECT_NE(arena.allocate(200 * kKilobyte), nullptr);
  EXPECT_TRUE(throws_error([&] { return arena.allocate(300 * kKilobyte); }, ErrorCode::resource_exhausted,
                           "with a budget of 1024000"));
}

TEST(ArenaAllocatorThreads, BlocksOfManyThreadsDoNotOverlap) {
  ArenaAllocator arena(system_allocator(), kKilobyte);
  for (int pass = 0; pass < 3; ++pass) {
    {
      std::vector<std::jthread> threads;
      for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
          std::vector<unsigned char*> blocks;
          for (std::size_t i = 0; i < 500; ++i) {
            blocks.push_back(static_cast<unsigned char*>(arena.allocate(1 + i)));
            std::memset(blocks.back(), static_cast<int>(t * 16 + i % 16), 1 + i);
          }
          for (std::size_t i = 0; i < 500; ++i) {
            for (std::size_t at = 0; at <= i; ++at) ASSERT_EQ(blocks[i][at], t * 16 + i % 16);
            arena.deallocate(blocks[i], 1 + i);
          }
        });
      }
    }
    EXPECT_EQ(arena.statistics().live_bytes, 0U);
    EXPECT_EQ(arena.statistics().allocations, 2000U * static_cast<unsigned>(pass + 1));
    arena.reset();
  }
}

TEST(ArenaAllocatorDeathTest, TheAddressSanitizerSeesUseAfterReset) {
  if (!memory::kPoisons) GTEST_SKIP() << "needs the address sanitizer";
  ArenaAllocator arena;
  auto* block = static_cast<volatile char*>(arena.allocate(100));
  EXPECT_DEATH(block[100] = 1, "use-after-poison");
  arena.reset();
  EXPECT_DEATH(block[0] = 1, "use-after-poison");
}

}  // namespace
}  // namespace onda
