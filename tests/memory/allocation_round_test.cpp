#include "memory/allocation_round.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace onda::memory {
namespace {

constexpr std::size_t kMegabyte = 1 << 20;

/// An allocator without a thread of its own, and the plans of one kind of round.
struct Setting {
  explicit Setting(std::uint64_t budget_bytes = 0)
      : allocator({.budget_bytes = budget_bytes, .background = false}) {}
  RecyclingAllocator allocator;
  RoundPlans plans;
};

struct Block {
  void* address = nullptr;
  std::size_t bytes = 0;
};

/// Each block has a byte of its own on each of its pages, and at its end.
constexpr std::size_t kStep = 4096;

Block take(Setting& setting, std::size_t bytes) {
  auto* address = static_cast<unsigned char*>(setting.allocator.allocate(bytes));
  for (std::size_t at = 0; at < bytes; at += kStep) address[at] = static_cast<unsigned char>(bytes % 251);
  address[bytes - 1] = static_cast<unsigned char>(bytes % 251);
  return {address, bytes};
}

void expect_untouched(const Block& block) {
  const auto* bytes = static_cast<const unsigned char*>(block.address);
  bool is_untouched = bytes[block.bytes - 1] == block.bytes % 251;
  for (std::size_t at = 0; at < block.bytes; at += kStep) is_untouched &= bytes[at] == block.bytes % 251;
  EXPECT_TRUE(is_untouched);
}

void give_back(Setting& setting, const Block& block) {
  expect_untouched(block);
  setting.allocator.deallocate(block.address, block.bytes);
}

/// A round of three blocks, two at a time; the third fits where the first was. Returns their addresses.
std::vector<char*> three_blocks(Setting& setting, std::uint64_t key = 1) {
  AllocationRound round(setting.allocator, setting.plans, key);
  const Block first = take(setting, 3 * kMegabyte);
  const Block second = take(setting, kMegabyte);
  give_back(setting, first);
  const Block third = take(setting, 2 * kMegabyte);
  give_back(setting, second);
  give_back(setting, third);
  round.complete();
  return {static_cast<char*>(first.address), static_cast<char*>(second.address),
          static_cast<char*>(third.address)};
}

TEST(AllocationRound, ARepeatedRoundHasAllItsBlocksInOnePieceOfMemory) {
  Setting setting;
  three_blocks(setting);
  for (int i = 0; i < 3; ++i) {
    const auto addresses = three_blocks(setting);
    const auto [low, high] = std::ranges::minmax(addresses);
    EXPECT_LT(high - low, 4 * static_cast<std::ptrdiff_t>(kMegabyte));
    EXPECT_EQ(addresses[2], addresses[0]) << "the first block's place is free when the third comes";
  }
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, HoldsNoMoreThanIsLiveAtOnce) {
  Setting setting;
  three_blocks(setting);
  setting.allocator.trim();
  three_blocks(setting);
  EXPECT_LE(setting.allocator.statistics().held_bytes, 4 * kMegabyte + 128 * 1024);
}

TEST(AllocationRound, ARoundThatDoesSomethingElseGetsGoodBlocksToo) {
  Setting setting;
  three_blocks(setting);
  three_blocks(setting);
  for (int i = 0; i < 10; ++i) {
    AllocationRound round(setting.allocator, setting.plans, 1);
    std::vector<Block> blocks;
    for (std::size_t n = 1; n <= 5; ++n) blocks.push_back(take(setting, n * kMegabyte / 2));
    for (const Block& block : blocks) give_back(setting, block);
    round.complete();
  }
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, ABlockInTheWayIsNeverGivenOutTwice) {
  Setting setting;
  three_blocks(setting);
  AllocationRound round(setting.allocator, setting.plans, 1);
  const Block first = take(setting, 3 * kMegabyte);
  const Block second = take(setting, kMegabyte);
  // In the plan the first block has been given back by now.
  const Block third = take(setting, 2 * kMegabyte);
  give_back(setting, first);
  give_back(setting, second);
  give_back(setting, third);
}

TEST(AllocationRound, ARoundThatWasCutShortTeachesNothing) {
  Setting setting;
  {
    AllocationRound round(setting.allocator, setting.plans, 1);
    give_back(setting, take(setting, kMegabyte));
  }
  EXPECT_TRUE(setting.plans.begin(1).record);
}

TEST(AllocationRound, ABlockMayOutliveItsRound) {
  Setting setting;
  three_blocks(setting);
  Block kept;
  {
    AllocationRound round(setting.allocator, setting.plans, 1);
    kept = take(setting, 3 * kMegabyte);
    round.complete();
  }
  for (int i = 0; i < 3; ++i) three_blocks(setting);
  std::jthread([&] { give_back(setting, kept); }).join();
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, ABlockMayComeBackOnAnotherThread) {
  Setting setting;
  three_blocks(setting);
  for (int i = 0; i < 3; ++i) {
    AllocationRound round(setting.allocator, setting.plans, 1);
    const Block first = take(setting, 3 * kMegabyte);
    const Block second = take(setting, kMegabyte);
    std::jthread([&] { give_back(setting, first); }).join();
    const Block third = take(setting, 2 * kMegabyte);
    EXPECT_EQ(third.address, first.address);
    std::jthread([&] { give_back(setting, second); }).join();
    give_back(setting, third);
    round.complete();
  }
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, RoundsNest) {
  Setting setting;
  for (int i = 0; i < 3; ++i) {
    AllocationRound outer(setting.allocator, setting.plans, 1);
    const Block before = take(setting, kMegabyte);
    three_blocks(setting, 2);
    const Block after = take(setting, 2 * kMegabyte);
    give_back(setting, before);
    give_back(setting, after);
    outer.complete();
  }
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, OneWithoutLargeBlocksIsNotTakenForAnother) {
  Setting setting;
  RoundPlans without_large_blocks;
  for (int i = 0; i < 4; ++i) {
    AllocationRound round(setting.allocator, without_large_blocks, 1);
    give_back(setting, take(setting, 100));
    round.complete();
  }
  three_blocks(setting);
  const auto addresses = three_blocks(setting);
  EXPECT_EQ(addresses[2], addresses[0]);
  {
    AllocationRound round(setting.allocator, without_large_blocks, 1);
    give_back(setting, take(setting, kMegabyte));
  }
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRound, HasNothingToDoWithAnotherAllocator) {
  Setting setting;
  RecyclingAllocator other({.background = false});
  AllocationRound round(setting.allocator, setting.plans, 1);
  EXPECT_EQ(AllocationRound::of(setting.allocator), &round);
  EXPECT_EQ(AllocationRound::of(other), nullptr);
}

TEST(AllocationRound, WithoutRoomForItsPlanBlocksAreServedOneByOne) {
  Setting setting(8 * kMegabyte);
  three_blocks(setting);
  void* in_the_way = setting.allocator.allocate(9 * kMegabyte / 2);
  AllocationRound round(setting.allocator, setting.plans, 1);
  give_back(setting, take(setting, 3 * kMegabyte));
  setting.allocator.deallocate(in_the_way, 9 * kMegabyte / 2);
}

TEST(AllocationRoundThreads, EachThreadHasItsOwnBlocks) {
  Setting setting;
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&setting, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 200; ++i) {
        AllocationRound round(setting.allocator, setting.plans, 1);
        std::vector<Block> blocks;
        for (std::size_t n = 1; n <= 4; ++n) {
          // Now and then something that the plan does not say.
          const std::size_t more = random() % 20 == 0 ? 4096 : 0;
          blocks.push_back(take(setting, n * 64 * 1024 + more));
          if (n % 2 == 0) {
            give_back(setting, blocks.front());
            blocks.erase(blocks.begin());
          }
        }
        for (const Block& block : blocks) give_back(setting, block);
        round.complete();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

TEST(AllocationRoundThreads, BlocksGoBackAndForthBetweenThreads) {
  Setting setting;
  three_blocks(setting);
  std::vector<std::jthread> threads;
  for (int caller = 0; caller < 3; ++caller) {
    threads.emplace_back([&setting] {
      for (int i = 0; i < 50; ++i) {
        AllocationRound round(setting.allocator, setting.plans, 1);
        const Block first = take(setting, 3 * kMegabyte);
        const Block second = take(setting, kMegabyte);
        std::jthread other([&] { give_back(setting, first); });
        const Block third = take(setting, 2 * kMegabyte);
        give_back(setting, second);
        give_back(setting, third);
        if (i % 2 == 0) other.join();
        round.complete();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(setting.allocator.statistics().live_bytes, 0U);
}

}  // namespace
}  // namespace onda::memory
