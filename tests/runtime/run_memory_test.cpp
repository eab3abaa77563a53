#include "runtime/run_memory.h"

#include <gtest/gtest.h>

#include <array>

namespace onda::runtime {
namespace {

TEST(RunMemoryTest, CountsWhatIsAliveAtOnce) {
  MemoryAccount account;
  std::array<char, 3> at{};
  {
    RunMemory run(&account);
    ASSERT_EQ(RunMemory::current(), &run);
    run.took(&at[0], 100);
    run.took(&at[1], 50);
    EXPECT_EQ(run.gives_back(&at[0]), 100U);
    EXPECT_EQ(run.gives_back(&at[0]), 0U) << "it is not its own any more";
    run.took(&at[2], 20);
  }
  EXPECT_EQ(RunMemory::current(), nullptr);
  EXPECT_EQ(account.total().runs, 1U);
  EXPECT_EQ(account.total().peak_run_bytes, 150U);
  EXPECT_EQ(account.total().last_run_allocations, 3U);
  { const RunMemory uncounted(nullptr); }
  EXPECT_EQ(account.total().runs, 1U);
}

TEST(RunMemoryTest, ARunOfTooManyBlocksCountsWithoutItsPeak) {
  MemoryAccount account;
  std::array<char, 600> at{};
  {
    RunMemory run(&account);
    for (char& block : at) run.took(&block, 10);
    EXPECT_EQ(run.gives_back(&at.front()), 10U);
    EXPECT_EQ(run.gives_back(&at.back()), 0U);
  }
  EXPECT_EQ(account.total().peak_run_bytes, 0U);
  EXPECT_EQ(account.total().last_run_allocations, 600U);
}

}  // namespace
}  // namespace onda::runtime
