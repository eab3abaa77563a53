#include "onda/recycling_allocator.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "memory/checked.h"
#include "memory/poison.h"
#include "support/error_matchers.h"
#include "support/in_child.h"
#include "support/threads_of_process.h"

namespace onda {
namespace {

using std::chrono::steady_clock;
using test::threads_named;
using test::throws_error;

constexpr std::size_t kKilobyte = 1024;
constexpr std::size_t kMegabyte = 1024 * kKilobyte;

struct Block {
  void* begin;
  std::size_t bytes;
};

bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST(RecyclingAllocator, TakesNothingUntilItIsAsked) {
  const RecyclingAllocator allocator;
  EXPECT_EQ(allocator.statistics().held_bytes, 0U);
  EXPECT_TRUE(threads_named("onda-decay").empty());
}

TEST(RecyclingAllocator, RefusesADecayThatIsNotPositive) {
  for (const auto decay : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(-1)}) {
    EXPECT_TRUE(throws_error([&] { return RecyclingAllocator({.decay = decay}); },
                             ErrorCode::invalid_argument, std::to_string(decay.count())));
  }
}

TEST(RecyclingAllocator, AlignsToTheLargerOfItsOwnAndTheCallersAlignment) {
  RecyclingAllocator allocator;
  for (std::size_t alignment = 1; alignment <= RecyclingAllocator::kLargestAlignment; alignment *= 2) {
    for (const std::size_t bytes : {0U, 1U, 63U, 65U, 1000U, 4097U, 32768U, 32769U, 100000U, 3000000U}) {
      void* block = allocator.allocate(bytes, alignment);
      ASSERT_TRUE(is_aligned(block, alignment)) << bytes << " aligned to " << alignment;
      ASSERT_TRUE(is_aligned(block, Allocator::kAlignment));
      std::memset(block, 0x5A, bytes);
      allocator.deallocate(block, bytes, alignment);
    }
  }
  EXPECT_EQ(allocator.statistics().live_bytes, 0U);
}

TEST(RecyclingAllocator, RefusesAnAlignmentThatIsNoPowerOfTwoOrTooLarge) {
  RecyclingAllocator allocator;
  for (const std::size_t alignment :
       {std::size_t{0}, std::size_t{3}, std::size_t{96}, 2 * RecyclingAllocator::kLargestAlignment}) {
    EXPECT_TRUE(throws_error([&] { return allocator.allocate(8, alignment); }, ErrorCode::invalid_argument,
                             std::to_string(alignment)));
    EXPECT_EQ(allocator.try_allocate(8, alignment), nullptr);
  }
}

TEST(RecyclingAllocator, BlocksOfAllSizesDoNotOverlap) {
  RecyclingAllocator allocator;
  std::vector<Block> blocks;
  for (std::size_t bytes = 0; bytes < 200 * kKilobyte; bytes += bytes / 7 + 1) {
    blocks.push_back({allocator.allocate(bytes), bytes});
    std::memset(blocks.back().begin, static_cast<int>(blocks.size() % 251), bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i].begin);
    for (std::size_t at = 0; at < blocks[i].bytes; ++at) ASSERT_EQ(bytes[at], (i + 1) % 251);
  }
  for (const Block& block : blocks) allocator.deallocate(block.begin, block.bytes);
}

TEST(RecyclingAllocator, ZeroBytesGiveBlocksOfTheirOwn) {
  RecyclingAllocator allocator;
  for (const std::size_t alignment : {64U, 8192U}) {
    std::set<void*> blocks;
    for (int i = 0; i < 3; ++i) blocks.insert(allocator.allocate(0, alignment));
    EXPECT_EQ(blocks.size(), 3U);
    EXPECT_FALSE(blocks.contains(nullptr));
    for (void* block : blocks) allocator.deallocate(block, 0, alignment);
  }
}

TEST(RecyclingAllocator, RecyclesSmallAndLargeBlocks) {
  RecyclingAllocator allocator;
  for (const std::size_t bytes : {100U, 1000000U}) {
    void* block = allocator.allocate(bytes);
    allocator.deallocate(block, bytes);
    void* again = allocator.allocate(bytes);
    EXPECT_EQ(again, block);
    allocator.deallocate(again, bytes);
  }
}

TEST(RecyclingAllocator, TakesBlocksBackWithoutTheirSize) {
  RecyclingAllocator allocator;
  for (const std::size_t bytes : {0U, 64U, 20000U, 32768U, 32769U, 5000000U}) {
    allocator.deallocate(allocator.allocate(bytes));
  }
  allocator.deallocate(nullptr);
  allocator.deallocate(nullptr, 0);
  EXPECT_EQ(allocator.statistics().live_bytes, 0U);
}

TEST(RecyclingAllocator, OwnsItsBlocksAlone) {
  RecyclingAllocator allocator;
  RecyclingAllocator other;
  const int local = 0;
  for (const std::size_t bytes : {64U, 100000U}) {
    void* block = allocator.allocate(bytes);
    EXPECT_TRUE(allocator.owns(block));
    EXPECT_TRUE(allocator.owns(static_cast<char*>(block) + bytes - 1));
    EXPECT_FALSE(other.owns(block));
    allocator.deallocate(block, bytes);
  }
  EXPECT_FALSE(allocator.owns(&local));
  EXPECT_FALSE(allocator.owns(nullptr));
}

TEST(RecyclingAllocator, RefusesHugeSizesAndStaysUsable) {
  RecyclingAllocator allocator;
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {kMax, kMax - 63, kMax - 4095, kMax / 2, kMax / 2 + 1, kMax / 4}) {
    for (const std::size_t alignment : {std::size_t{64}, RecyclingAllocator::kLargestAlignment}) {
      EXPECT_TRUE(throws_error([&] { return allocator.allocate(bytes, alignment); },
                               ErrorCode::resource_exhausted, std::to_string(bytes)));
      EXPECT_EQ(allocator.try_allocate(bytes, alignment), nullptr);
    }
  }
  EXPECT_EQ(allocator.statistics().allocations, 0U);
  EXPECT_EQ(allocator.statistics().live_bytes, 0U);
  allocator.deallocate(allocator.allocate(16), 16);
}

TEST(RecyclingAllocator, TheBudgetIsExact) {
  RecyclingAllocator allocator({.budget_bytes = 8 * kMegabyte, .background = false});
  void* first = allocator.allocate(5 * kMegabyte);
  void* second = allocator.allocate(3 * kMegabyte);
  EXPECT_EQ(allocator.statistics().held_bytes, 8 * kMegabyte);
  EXPECT_EQ(allocator.statistics().budget_bytes, 8 * kMegabyte);
  EXPECT_EQ(allocator.try_allocate(1), nullptr);
  EXPECT_TRUE(throws_error([&] { return allocator.allocate(100000); }, ErrorCode::resource_exhausted,
                           "cannot allocate 100000 bytes of memory: 8388608 bytes are held, 8388608 of them "
                           "in use, with a budget of 8388608"));
  allocator.deallocate(first, 5 * kMegabyte);
  EXPECT_EQ(allocator.try_allocate(5 * kMegabyte + 1), nullptr);
  first = allocator.allocate(5 * kMegabyte);
  allocator.deallocate(first, 5 * kMegabyte);
  allocator.deallocate(second, 3 * kMegabyte);
  void* all = allocator.allocate(8 * kMegabyte);
  allocator.deallocate(all, 8 * kMegabyte);
}

TEST(RecyclingAllocator, SmallBlocksThatNobodyUsesMakeRoomUnderTheBudget) {
  RecyclingAllocator allocator({.budget_bytes = kMegabyte, .background = false});
  std::vector<void*> blocks;
  while (void* block = allocator.try_allocate(kKilobyte)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), kKilobyte);
  for (void* block : blocks) allocator.deallocate(block, kKilobyte);
  // The caller's cache and the spare span hold some; of another class, or large, all of it is to be had.
  void* other = allocator.allocate(64);
  allocator.deallocate(other, 64);
  void* all = allocator.allocate(kMegabyte);
  EXPECT_LE(allocator.statistics().held_bytes, kMegabyte);
  allocator.deallocate(all, kMegabyte);
}

TEST(RecyclingAllocator, ARefusalAnywhereLeavesItUsable) {
  // The budget refuses the first range of pages, then the second, …
  for (std::uint64_t granules = 1;; ++granules) {
    ASSERT_LT(granules, 100U);
    RecyclingAllocator allocator({.budget_bytes = granules * 64 * kKilobyte, .background = false});
    std::vector<Block> blocks;
    bool refused = false;
    for (std::size_t bytes = 10; bytes < 400 * kKilobyte && !refused; bytes = bytes * 3 / 2) {
      void* block = allocator.try_allocate(bytes);
      refused = block == nullptr;
      if (!refused) blocks.push_back({block, bytes});
    }
    for (const Block& block : blocks) allocator.deallocate(block.begin, block.bytes);
    EXPECT_EQ(allocator.statistics().live_bytes, 0U);
    void* block = allocator.allocate(granules * 64 * kKilobyte);
    allocator.deallocate(block, granules * 64 * kKilobyte);
    allocator.deallocate(allocator.allocate(64), 64);
    if (!refused) break;
  }
}

TEST(RecyclingAllocator, CountsWhatIsLiveByClassesAndLargeBlocksByTheByte) {
  RecyclingAllocator allocator({.background = false});
  void* small = allocator.allocate(100);
  EXPECT_EQ(allocator.statistics().live_bytes, 128U);
  void* large = allocator.allocate(100001);
  EXPECT_EQ(allocator.statistics().live_bytes, 128U + 100001U);
  EXPECT_GE(allocator.statistics().held_bytes, allocator.statistics().live_bytes);
  EXPECT_GE(allocator.statistics().peak_bytes, allocator.statistics().live_bytes);
  allocator.deallocate(small, 100);
  EXPECT_EQ(allocator.statistics().live_bytes, 100001U);
  allocator.deallocate(large, 100001);
  const auto after = allocator.statistics();
  EXPECT_EQ(after.live_bytes, 0U);
  EXPECT_EQ(after.allocations, 2U);
  EXPECT_EQ(after.cache_misses, 2U);
  EXPECT_EQ(after.cache_hits, 0U);
  EXPECT_GE(after.peak_bytes, 100001U + 128U);
  EXPECT_LE(after.peak_bytes, 100001U + 64 * kKilobyte);
  allocator.deallocate(allocator.allocate(100), 100);
  EXPECT_EQ(allocator.statistics().cache_hits, 1U);
}

TEST(RecyclingAllocator, TrimGivesEverythingFreeBack) {
  RecyclingAllocator allocator({.background = false});
  void* kept = allocator.allocate(kMegabyte);
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(allocator.allocate(kKilobyte));
  void* large = allocator.allocate(10 * kMegabyte);
  for (void* block : blocks) allocator.deallocate(block, kKilobyte);
  allocator.deallocate(large, 10 * kMegabyte);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().held_bytes, kMegabyte);
  EXPECT_GT(allocator.statistics().trims, 0U);
  allocator.deallocate(kept, kMegabyte);
  allocator.trim();
  EXPECT_EQ(allocator.statistics().held_bytes, 0U);
}

TEST(RecyclingAllocator, ForgetsWhatNobodyNeededForTheDecay) {
  auto now = steady_clock::time_point(std::chrono::hours(1));
  RecyclingAllocator allocator(
      {.decay = std::chrono::seconds(10), .background = false, .clock = [&] { return now; }});
  allocator.deallocate(allocator.allocate(16 * kMegabyte), 16 * kMegabyte);
  // A span that no cache holds a block of.
  std::jthread([&] { allocator.deallocate(allocator.allocate(64), 64); }).join();
  const auto freed_at = now;
  allocator.decay();
  EXPECT_GE(allocator.statistics().held_bytes, 16 * kMegabyte) << "no time has passed";
  while (now < freed_at + std::chrono::seconds(10)) {
    EXPECT_GE(allocator.statistics().held_bytes, 16 * kMegabyte) << (now - freed_at).count();
    now += std::chrono::seconds(1);
    allocator.decay();
  }
  while (now < freed_at + std::chrono::seconds(20)) {
    now += std::chrono::seconds(1);
    allocator.decay();
  }
  EXPECT_EQ(allocator.statistics().held_bytes, 0U);
}

TEST(RecyclingAllocator, WhatIsUsedAllTheTimeDoesNotDecay) {
  auto now = steady_clock::time_point(std::chrono::hours(1));
  RecyclingAllocator allocator(
      {.decay = std::chrono::seconds(10), .background = false, .clock = [&] { return now; }});
  for (int i = 0; i < 100; ++i) {
    allocator.deallocate(allocator.allocate(16 * kMegabyte), 16 * kMegabyte);
    now += std::chrono::seconds(1);
    allocator.decay();
    EXPECT_GE(allocator.statistics().held_bytes, 16 * kMegabyte);
  }
  EXPECT_EQ(allocator.statistics().trims, 0U);
}

TEST(RecyclingAllocator, DecaysOnAThreadThatEndsWhenNothingIsHeld) {
  RecyclingAllocator allocator({.decay = std::chrono::milliseconds(2)});
  void* block = allocator.allocate(kMegabyte);
  EXPECT_TRUE(threads_named("onda-decay").empty()) << "nothing to give back yet";
  allocator.deallocate(block, kMegabyte);
  while (allocator.statistics().held_bytes != 0) std::this_thread::yield();
  while (!threads_named("onda-decay").empty()) std::this_thread::yield();
  allocator.deallocate(allocator.allocate(kMegabyte), kMegabyte);
  while (allocator.statistics().held_bytes != 0) std::this_thread::yield();
}

TEST(RecyclingAllocator, AThreadThatCannotBeMadeFailsNothing) {
  if (memory::kPoisons) GTEST_SKIP() << "the address sanitizer itself fails without addresses";
  EXPECT_EQ(test::in_child([] {
              RecyclingAllocator allocator;
              void* first = allocator.allocate(kMegabyte);
              void* second = allocator.allocate(kMegabyte);
              // No address is left for the stack of a thread.
              const rlimit none{.rlim_cur = 0, .rlim_max = 0};
              if (setrlimit(RLIMIT_AS, &none) != 0) return 1;
              allocator.deallocate(first, kMegabyte);
              allocator.deallocate(second, kMegabyte);
              allocator.trim();
              return allocator.statistics().held_bytes == 0 ? 0 : 2;
            }),
            0);
}

TEST(RecyclingAllocator, HasNoThreadWhereItIsNotWanted) {
  RecyclingAllocator allocator({.decay = std::chrono::nanoseconds(1), .background = false});
  allocator.deallocate(allocator.allocate(kMegabyte), kMegabyte);
  allocator.deallocate(allocator.allocate(64), 64);
  EXPECT_TRUE(threads_named("onda-decay").empty());
}

class RecyclingAllocatorDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!memory::kChecked) GTEST_SKIP() << "blocks are checked in debug and sanitizer builds alone";
  }

  RecyclingAllocator allocator_{{.background = false}};
};

TEST_F(RecyclingAllocatorDeathTest, ABlockGivenBackTwiceEndsTheProcess) {
  for (const std::size_t bytes : {64U, 30000U, 100000U}) {
    void* block = allocator_.allocate(bytes);
    allocator_.deallocate(block, bytes);
    EXPECT_DEATH(allocator_.deallocate(block, bytes), "given back twice");
    EXPECT_DEATH(allocator_.deallocate(block), "given back twice");
  }
}

TEST_F(RecyclingAllocatorDeathTest, ABlockThatAnotherThreadHasGivenBackEndsTheProcess) {
  void* block = allocator_.allocate(64);
  std::jthread([&] { allocator_.deallocate(block, 64); }).join();
  EXPECT_DEATH(allocator_.deallocate(block, 64), "given back twice");
}

TEST_F(RecyclingAllocatorDeathTest, AForeignPointerEndsTheProcess) {
  int local = 0;
  EXPECT_DEATH(allocator_.deallocate(&local, sizeof(local)), "not of this allocator");
  EXPECT_DEATH(allocator_.deallocate(&local), "not of this allocator");
  RecyclingAllocator other;
  void* block = other.allocate(64);
  EXPECT_DEATH(allocator_.deallocate(block, 64), "not of this allocator");
  other.deallocate(block, 64);
}

TEST_F(RecyclingAllocatorDeathTest, APointerIntoABlockEndsTheProcess) {
  for (const std::size_t bytes : {640U, 100000U}) {
    auto* block = static_cast<char*>(allocator_.allocate(bytes));
    EXPECT_DEATH(allocator_.deallocate(block + 64, bytes), "not where a block begins");
    EXPECT_DEATH(allocator_.deallocate(block + 64), "not where a block begins");
    allocator_.deallocate(block, bytes);
  }
}

TEST_F(RecyclingAllocatorDeathTest, AnotherSizeThanAllocatedEndsTheProcess) {
  void* small = allocator_.allocate(64);
  EXPECT_DEATH(allocator_.deallocate(small, 65), "another size");
  EXPECT_DEATH(allocator_.deallocate(small, 100000), "another size");
  EXPECT_DEATH(allocator_.deallocate(small, 64, 128), "another size");
  void* large = allocator_.allocate(100000);
  EXPECT_DEATH(allocator_.deallocate(large, 100001), "another size");
  EXPECT_DEATH(allocator_.deallocate(large, 64), "another size");
  allocator_.deallocate(small, 64);
  allocator_.deallocate(large, 100000);
}

TEST_F(RecyclingAllocatorDeathTest, TheAddressSanitizerSeesUseAfterFreeAndBeyondTheEnd) {
  if (!memory::kPoisons) GTEST_SKIP() << "needs the address sanitizer";
  for (const std::size_t bytes : {100U, 100001U}) {
    auto* block = static_cast<volatile char*>(allocator_.allocate(bytes));
    block[bytes - 1] = 1;
    EXPECT_DEATH(block[bytes] = 1, "use-after-poison");
    allocator_.deallocate(const_cast<char*>(block), bytes);
    EXPECT_DEATH(block[0] = 1, "use-after-poison");
    allocator_.trim();
  }
}

}  // namespace
}  // namespace onda
