#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "onda/allocator.h"
#include "support/error_matchers.h"

namespace onda {
namespace {

using test::throws_error;

bool is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST(SystemAllocator, IsOneForTheProcess) { EXPECT_EQ(system_allocator(), system_allocator()); }

TEST(SystemAllocator, AlignsToTheLargerOfItsOwnAndTheCallersAlignment) {
  const auto allocator = system_allocator();
  for (const std::size_t alignment : {1U, 2U, 8U, 64U, 128U, 4096U}) {
    for (const std::size_t bytes : {1U, 63U, 64U, 65U, 1000U}) {
      void* block = allocator->allocate(bytes, alignment);
      EXPECT_TRUE(is_aligned(block, alignment));
      EXPECT_TRUE(is_aligned(block, Allocator::kAlignment));
      std::memset(block, 0x5A, bytes);
      allocator->deallocate(block, bytes, alignment);
    }
  }
}

TEST(SystemAllocator, ZeroBytesGiveBlocksOfTheirOwn) {
  const auto allocator = system_allocator();
  std::set<void*> blocks;
  for (int i = 0; i < 3; ++i) blocks.insert(allocator->allocate(0));
  EXPECT_EQ(blocks.size(), 3U);
  EXPECT_FALSE(blocks.contains(nullptr));
  for (void* block : blocks) allocator->deallocate(block, 0);
}

TEST(SystemAllocator, CountsWhatIsLiveAndItsPeak) {
  const auto allocator = system_allocator();
  const auto before = allocator->statistics();
  const std::size_t bytes = static_cast<std::size_t>(before.peak_bytes - before.live_bytes) + 1000;
  void* block = allocator->allocate(bytes);
  const auto during = allocator->statistics();
  allocator->deallocate(block, bytes);
  const auto after = allocator->statistics();
  EXPECT_EQ(during.live_bytes, before.live_bytes + bytes);
  EXPECT_EQ(during.held_bytes, during.live_bytes);
  EXPECT_EQ(during.peak_bytes, during.live_bytes);
  EXPECT_EQ(during.allocations, before.allocations + 1);
  EXPECT_EQ(after.live_bytes, before.live_bytes);
  EXPECT_EQ(after.peak_bytes, during.peak_bytes);
}

TEST(SystemAllocator, RefusesWhatCannotBeHadAndStaysUsable) {
  const auto allocator = system_allocator();
  const auto before = allocator->statistics();
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {kMax, kMax - 63, kMax / 2, kMax / 2 - 64}) {
    EXPECT_TRUE(throws_error([&] { return allocator->allocate(bytes); }, ErrorCode::resource_exhausted,
                             std::to_string(bytes)));
  }
  EXPECT_TRUE(throws_error([&] { return allocator->allocate(8, std::size_t{1} << 63U); },
                           ErrorCode::resource_exhausted));
  EXPECT_EQ(allocator->statistics().live_bytes, before.live_bytes);
  EXPECT_EQ(allocator->statistics().allocations, before.allocations);
  void* block = allocator->allocate(16);
  allocator->deallocate(block, 16);
}

TEST(SystemAllocator, RefusesAnAlignmentThatIsNoPowerOfTwo) {
  for (const std::size_t alignment : {0U, 3U, 96U}) {
    EXPECT_TRUE(throws_error([&] { return system_allocator()->allocate(8, alignment); },
                             ErrorCode::invalid_argument, std::to_string(alignment)));
  }
}

TEST(SystemAllocator, TakingBackNothingIsAllowed) { system_allocator()->deallocate(nullptr, 0); }

TEST(SystemAllocatorThreads, CountersAreExactAfterManyThreads) {
  const auto allocator = system_allocator();
  const auto before = allocator->statistics();
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 1; t <= 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 500; ++i) {
          void* block = allocator->allocate(t * i);
          allocator->deallocate(block, t * i);
        }
      });
    }
  }
  const auto after = allocator->statistics();
  EXPECT_EQ(after.live_bytes, before.live_bytes);
  EXPECT_EQ(after.allocations, before.allocations + 2000);
  EXPECT_GE(after.peak_bytes, 4U * 499U);
}

}  // namespace
}  // namespace onda
