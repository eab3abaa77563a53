#include "memory/page_heap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "memory/checked.h"
#include "support/in_child.h"

namespace onda::memory {
namespace {

constexpr std::size_t kPage = PageHeap::kPageBytes;
constexpr std::size_t kGranule = 64 * 1024;
constexpr std::size_t kMegabyte = std::size_t{1} << 20;

void* allocate(PageHeap& heap, std::size_t bytes, std::size_t alignment = 64) {
  return heap.allocate(bytes, alignment, nullptr, Lookup::begin);
}

bool is_aligned(const void* address, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

std::size_t resident_pages(void* begin, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / kPage);
  if (mincore(begin, bytes, pages.data()) != 0) ADD_FAILURE() << "mincore failed";
  std::size_t resident = 0;
  for (const unsigned char page : pages) resident += page & 1U;
  return resident;
}

std::uint64_t mapped_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * kPage;
}

// Sanitizers map much more than any such limit; what the heap sees is the same.
void limit_address_space(std::uint64_t bytes) {
  const std::uint64_t mapped = mapped_bytes();
  const std::uint64_t limit = mapped < bytes / 2 ? bytes : mapped + bytes;
  const struct rlimit bound {
    .rlim_cur = limit, .rlim_max = limit
  };
  if (setrlimit(RLIMIT_AS, &bound) != 0) throw std::runtime_error("cannot limit the address space");
}

// What may be mapped writable, on top of what is.
void limit_data(std::uint64_t more) {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  const std::uint64_t limit = pages * kPage + more;
  const struct rlimit bound {
    .rlim_cur = limit, .rlim_max = limit
  };
  if (setrlimit(RLIMIT_DATA, &bound) != 0) throw std::runtime_error("cannot limit the data");
}

TEST(PageHeap, BlocksAreAlignedAndWritable) {
  PageHeap heap({});
  std::vector<void*> blocks;
  for (const std::size_t alignment :
       {std::size_t{1}, std::size_t{64}, kPage, 4 * kPage, kMegabyte, 2 * kMegabyte}) {
    for (const std::size_t bytes : {std::size_t{1}, kPage, kPage + 1, kMegabyte + 17}) {
      void* block = allocate(heap, bytes, alignment);
      ASSERT_NE(block, nullptr);
      EXPECT_TRUE(is_aligned(block, kPage));
      EXPECT_TRUE(is_aligned(block, alignment));
      std::memset(block, 0x5A, bytes);
      blocks.push_back(block);
    }
  }
  EXPECT_TRUE(heap.is_consistent());
  for (void* block : blocks) heap.deallocate(block);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, CountsBytesAsAskedForAndInPages) {
  PageHeap heap({});
  void* first = allocate(heap, 100);
  void* second = allocate(heap, 3 * kPage);
  const PageHeapStatistics during = heap.statistics();
  EXPECT_EQ(during.live_bytes, 100 + 3 * kPage);
  EXPECT_EQ(during.used_bytes, 4 * kPage);
  EXPECT_EQ(during.held_bytes, kGranule);
  heap.deallocate(second);
  heap.deallocate(first);
  const PageHeapStatistics after = heap.statistics();
  EXPECT_EQ(after.live_bytes, 0U);
  EXPECT_EQ(after.used_bytes, 0U);
  EXPECT_EQ(after.held_bytes, kGranule);
  EXPECT_EQ(after.peak_bytes, 100 + 3 * kPage);
}

TEST(PageHeap, NothingIsHeldAtFirst) {
  const PageHeap heap({});
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, RefusesSizesThatDoNotExistAndStaysUsable) {
  PageHeap heap({});
  constexpr auto kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes :
       {kMax, kMax - kPage, kMax / 2, std::size_t{1} << 48U, std::size_t{1} << 47U}) {
    EXPECT_EQ(allocate(heap, bytes), nullptr) << bytes;
    EXPECT_EQ(allocate(heap, bytes, 2 * kMegabyte), nullptr) << bytes;
  }
  EXPECT_EQ(allocate(heap, kPage, 4 * kMegabyte), nullptr);
  EXPECT_TRUE(heap.is_consistent());
  void* block = allocate(heap, kPage);
  EXPECT_NE(block, nullptr);
  heap.deallocate(block);
}

TEST(PageHeap, ABlockOfFourTerabytesIsRefusedNotPromised) {
  // ONNX Runtime asks for this where a model computes the size of an output from an input.
  std::ifstream mode("/proc/sys/vm/overcommit_memory");
  int overcommit = 0;
  mode >> overcommit;
  if (overcommit == 1) GTEST_SKIP() << "vm.overcommit_memory is 1: the system promises everything";
  PageHeap heap({});
  EXPECT_EQ(allocate(heap, std::size_t{4} << 40U), nullptr);
  EXPECT_TRUE(heap.is_consistent());
  void* block = allocate(heap, kMegabyte);
  EXPECT_NE(block, nullptr);
  heap.deallocate(block);
}

TEST(PageHeap, TakesBackNothing) {
  PageHeap heap({});
  heap.deallocate(nullptr);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, ReusesWhatWasGivenBack) {
  PageHeap heap({});
  void* first = allocate(heap, 5 * kMegabyte);
  heap.deallocate(first);
  EXPECT_EQ(allocate(heap, 5 * kMegabyte), first);
  heap.deallocate(first);
  EXPECT_EQ(heap.statistics().held_bytes, 5 * kMegabyte);
  EXPECT_EQ(heap.statistics().trims, 0U);
}

TEST(PageHeap, NeighboursThatAreFreeBecomeOne) {
  PageHeap heap({});
  std::vector<void*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(allocate(heap, kMegabyte));
  for (const std::size_t i : {0U, 2U, 1U, 3U}) heap.deallocate(blocks[i]);
  EXPECT_TRUE(heap.is_consistent());
  EXPECT_EQ(allocate(heap, 4 * kMegabyte), blocks[0]);
  heap.deallocate(blocks[0]);
}

TEST(PageHeap, FindsABlockByItsBegin) {
  PageHeap heap({});
  int owner = 0;
  auto* block = static_cast<std::byte*>(heap.allocate(10 * kPage + 5, 64, &owner, Lookup::begin));
  const Extent extent = heap.find(block);
  EXPECT_EQ(extent.begin, block);
  EXPECT_EQ(extent.bytes, 11 * kPage);
  EXPECT_EQ(extent.requested_bytes, 10 * kPage + 5);
  EXPECT_EQ(extent.owner, &owner);
  EXPECT_EQ(heap.find(block + 1).begin, nullptr);
  EXPECT_EQ(heap.find(block + kPage).begin, nullptr);
  EXPECT_EQ(heap.find(&owner).begin, nullptr);
  EXPECT_EQ(heap.find(nullptr).begin, nullptr);
  heap.deallocate(block);
  EXPECT_EQ(heap.find(block).begin, nullptr);
}

TEST(PageHeap, FindsAMarkedBlockByEveryAddressInIt) {
  PageHeap heap({});
  int owner = 0;
  void* before = allocate(heap, kPage);
  auto* block = static_cast<std::byte*>(heap.allocate(16 * kPage, 64, &owner, Lookup::page));
  void* after = allocate(heap, kPage);
  for (std::size_t i = 0; i < 16 * kPage; i += 1001) {
    const Extent extent = heap.find(block + i);
    EXPECT_EQ(extent.begin, block);
    EXPECT_EQ(extent.bytes, 16 * kPage);
    EXPECT_EQ(extent.owner, &owner);
  }
  EXPECT_EQ(heap.find(block - 1).begin, nullptr);
  heap.deallocate(block);
  for (std::size_t i = 0; i < 16 * kPage; i += kPage) EXPECT_EQ(heap.find(block + i).begin, nullptr);
  EXPECT_TRUE(heap.is_consistent());
  heap.deallocate(before);
  heap.deallocate(after);
}

TEST(PageHeap, KnowsItsOwnAddresses) {
  PageHeap heap({});
  PageHeap other({});
  auto* block = static_cast<std::byte*>(allocate(heap, kMegabyte));
  EXPECT_TRUE(heap.contains(block));
  EXPECT_TRUE(heap.contains(block + kMegabyte - 1));
  EXPECT_FALSE(other.contains(block));
  EXPECT_FALSE(heap.contains(&heap));
  EXPECT_FALSE(heap.contains(nullptr));
  heap.deallocate(block);
  EXPECT_TRUE(heap.contains(block));
}

TEST(PageHeap, RefusesWhatExceedsTheBudgetAndStaysUsable) {
  PageHeap heap({.budget_bytes = 10 * kMegabyte});
  void* first = allocate(heap, 6 * kMegabyte);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(allocate(heap, 5 * kMegabyte), nullptr);
  EXPECT_EQ(heap.statistics().live_bytes, 6 * kMegabyte);
  EXPECT_TRUE(heap.is_consistent());
  void* second = allocate(heap, 4 * kMegabyte);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(allocate(heap, 1), nullptr);
  heap.deallocate(first);
  heap.deallocate(second);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, FreePagesMakeRoomWithinTheBudget) {
  PageHeap heap({.budget_bytes = 10 * kMegabyte});
  void* low = allocate(heap, 4 * kMegabyte);
  void* high = allocate(heap, 4 * kMegabyte);
  heap.deallocate(low);
  void* large = allocate(heap, 6 * kMegabyte);
  EXPECT_NE(large, nullptr);
  EXPECT_LE(heap.statistics().held_bytes, 10 * kMegabyte);
  EXPECT_GT(heap.statistics().given_back_bytes, 0U);
  heap.deallocate(high);
  heap.deallocate(large);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, AHopelessRequestGivesNothingBack) {
  PageHeap heap({.budget_bytes = 10 * kMegabyte});
  heap.deallocate(allocate(heap, 8 * kMegabyte));
  EXPECT_EQ(allocate(heap, 11 * kMegabyte), nullptr);
  EXPECT_EQ(heap.statistics().held_bytes, 8 * kMegabyte);
}

TEST(PageHeap, HoldsLittleMoreThanTheRecentPeak) {
  PageHeap heap({});
  // Ascending sizes never fit into what was free before.
  for (std::size_t megabytes = 1; megabytes <= 64; ++megabytes) {
    void* keeps_apart = allocate(heap, kPage);
    void* block = allocate(heap, megabytes * kMegabyte);
    EXPECT_LE(heap.statistics().held_bytes, megabytes * kMegabyte * 33 / 32 + 3 * kMegabyte);
    heap.deallocate(block);
    heap.deallocate(keeps_apart);
  }
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, DecayKeepsWhatTheLastTwoIntervalsNeeded) {
  PageHeap heap({});
  void* large = allocate(heap, 64 * kMegabyte);
  void* small = allocate(heap, 32 * kMegabyte);
  heap.deallocate(large);
  EXPECT_TRUE(heap.decay());
  EXPECT_EQ(heap.statistics().held_bytes, 96 * kMegabyte);
  EXPECT_TRUE(heap.decay());
  EXPECT_EQ(heap.statistics().held_bytes, 96 * kMegabyte);
  // Now 32 MB are all that was needed, and a thirty-second of it is slack.
  EXPECT_TRUE(heap.decay());
  EXPECT_EQ(heap.statistics().held_bytes, 33 * kMegabyte);
  heap.deallocate(small);
  EXPECT_TRUE(heap.decay());
  EXPECT_TRUE(heap.decay());
  EXPECT_FALSE(heap.decay());
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, TrimGivesTheMemoryBack) {
  PageHeap heap({});
  void* kept = allocate(heap, kMegabyte);
  void* block = allocate(heap, 16 * kMegabyte);
  std::memset(kept, 1, kMegabyte);
  std::memset(block, 1, 16 * kMegabyte);
  EXPECT_EQ(resident_pages(block, 16 * kMegabyte), 16 * kMegabyte / kPage);
  heap.deallocate(block);
  EXPECT_EQ(resident_pages(block, 16 * kMegabyte), 16 * kMegabyte / kPage);
  heap.trim();
  EXPECT_EQ(resident_pages(block, 16 * kMegabyte), 0U);
  EXPECT_EQ(resident_pages(kept, kMegabyte), kMegabyte / kPage);
  EXPECT_EQ(heap.statistics().held_bytes, kMegabyte);
  EXPECT_EQ(heap.statistics().trims, 1U);
  heap.deallocate(kept);
  heap.trim();
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
  EXPECT_EQ(allocate(heap, kMegabyte), kept);
  heap.deallocate(kept);
}

TEST(PageHeap, PagesThatTheSystemKeepsStayHeld) {
  PageHeap heap({});
  void* block = allocate(heap, kMegabyte);
  // The address sanitizer makes nothing of mlock().
  if (syscall(SYS_mlock, block, kPage) != 0) GTEST_SKIP() << "no memory may be locked here";
  heap.deallocate(block);
  heap.trim();
  EXPECT_EQ(heap.statistics().held_bytes, kMegabyte);
  EXPECT_TRUE(heap.is_consistent());
  ASSERT_EQ(syscall(SYS_munlock, block, kPage), 0);
  heap.trim();
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
}

TEST(PageHeap, HugePagesAreHeldWhole) {
  PageHeap heap({.huge_pages = true});
  void* block = allocate(heap, 3 * kMegabyte);
  std::memset(block, 1, 3 * kMegabyte);
  EXPECT_EQ(heap.statistics().held_bytes, 4 * kMegabyte);
  heap.deallocate(block);
  heap.trim();
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
  EXPECT_EQ(resident_pages(block, 3 * kMegabyte), 0U);
  EXPECT_TRUE(heap.is_consistent());
}

class Model {
 public:
  explicit Model(PageHeap& heap) : heap_(heap) {}

  // Fails where the block lies in another one, or is not marked as it was.
  void allocate(std::size_t bytes, std::size_t alignment, Lookup lookup) {
    auto* begin = static_cast<unsigned char*>(heap_.allocate(bytes, alignment, this, lookup));
    if (begin == nullptr) return;
    ASSERT_TRUE(is_aligned(begin, std::max(alignment, kPage)));
    const auto next = blocks_.lower_bound(begin);
    if (next != blocks_.end()) {
      ASSERT_LE(begin + bytes, next->first);
    }
    if (next != blocks_.begin()) {
      ASSERT_GE(begin, std::prev(next)->first + std::prev(next)->second.bytes);
    }
    const auto mark = static_cast<unsigned char>(++count_);
    begin[0] = begin[bytes - 1] = mark;
    blocks_.emplace(begin, Block{.bytes = bytes, .mark = mark});
    live_ += bytes;
  }

  void deallocate(std::size_t which) {
    const auto block = std::next(blocks_.begin(), static_cast<std::ptrdiff_t>(which % blocks_.size()));
    const auto [bytes, mark] = block->second;
    ASSERT_EQ(block->first[0], mark);
    ASSERT_EQ(block->first[bytes - 1], mark);
    ASSERT_EQ(heap_.find(block->first).requested_bytes, bytes);
    heap_.deallocate(block->first);
    live_ -= bytes;
    blocks_.erase(block);
  }

  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  [[nodiscard]] std::uint64_t live() const { return live_; }

 private:
  struct Block {
    std::size_t bytes;
    unsigned char mark;
  };
  PageHeap& heap_;
  std::map<unsigned char*, Block> blocks_;
  std::uint64_t live_ = 0;
  unsigned count_ = 0;
};

void run_random_operations(PageHeap& heap, int operations, std::size_t most_blocks, unsigned seed) {
  Model model(heap);
  std::mt19937 random(seed);
  for (int step = 0; step < operations; ++step) {
    const bool takes = model.size() == 0 || (model.size() < most_blocks && random() % 2 == 0);
    if (takes) {
      // Sizes from one page to 8 MB, small ones more often.
      const std::size_t bytes = 1 + random() % (kPage << random() % 12);
      const std::size_t alignment = random() % 16 == 0 ? std::size_t{1} << random() % 22 : 64;
      model.allocate(bytes, alignment, random() % 8 == 0 ? Lookup::page : Lookup::begin);
    } else {
      model.deallocate(random());
    }
    if (::testing::Test::HasFatalFailure()) return;
    if (random() % 997 == 0) (void)heap.decay();
    if (random() % 4999 == 0) heap.trim();
    ASSERT_EQ(heap.statistics().live_bytes, model.live());
    if (step % (operations / 16) == 0) {
      ASSERT_TRUE(heap.is_consistent()) << "after " << step;
    }
  }
  while (model.size() > 0) {
    model.deallocate(0);
    if (::testing::Test::HasFatalFailure()) return;
  }
  EXPECT_EQ(heap.statistics().used_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
  heap.trim();
  EXPECT_EQ(heap.statistics().held_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, AgreesWithAPlainModel) {
  PageHeap heap({});
  run_random_operations(heap, 20000, 200, 1);
}

TEST(PageHeap, AgreesWithAPlainModelWithinABudget) {
  PageHeap heap({.budget_bytes = 40 * kMegabyte});
  run_random_operations(heap, 20000, 200, 2);
}

TEST(PageHeap, AgreesWithAPlainModelOnHugePages) {
  PageHeap heap({.huge_pages = true});
  run_random_operations(heap, 10000, 100, 3);
}

TEST(PageHeap, DoesNotGrowOverManyOperations) {
  PageHeap heap({});
  std::mt19937 random(4);
  std::vector<void*> blocks(64, nullptr);
  std::uint64_t most = 0;
  for (int step = 0; step < 100'000; ++step) {
    void*& block = blocks[random() % blocks.size()];
    heap.deallocate(block);
    block = allocate(heap, 1 + random() % kMegabyte);
    ASSERT_NE(block, nullptr);
    const PageHeapStatistics now = heap.statistics();
    most = std::max(most, now.used_bytes);
    // What is above the slack are the ends of granules that blocks have a part of.
    ASSERT_LE(now.held_bytes, most * 33 / 32 + kMegabyte + blocks.size() * 2 * kGranule);
  }
  for (void* block : blocks) heap.deallocate(block);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeap, WorksWhereAddressSpaceIsBounded) {
  EXPECT_EQ(test::in_child([] {
              limit_address_space(std::uint64_t{2} << 30U);
              PageHeap heap({});
              std::vector<void*> blocks;
              for (int i = 0; i < 100; ++i) blocks.push_back(allocate(heap, 10 * kMegabyte));
              for (const void* block : blocks) {
                if (block == nullptr) return 1;
              }
              // As much again is left to others.
              std::vector<char> others(500 * kMegabyte);
              if (others.data() == nullptr) return 2;
              for (void* block : blocks) heap.deallocate(block);
              // Fits no region that was made for the small ones.
              void* large = allocate(heap, 600 * kMegabyte);
              if (large == nullptr) return 3;
              heap.deallocate(large);
              if (!heap.is_consistent()) return 4;
              const std::uint64_t before = mapped_bytes();
              heap.trim();
              if (before - mapped_bytes() < 600 * kMegabyte) return 5;
              if (!heap.is_consistent()) return 6;
              void* again = allocate(heap, 1000 * kMegabyte);
              if (again == nullptr) return 7;
              if (allocate(heap, std::size_t{3} << 30U) != nullptr) return 8;
              heap.deallocate(again);
              return 0;
            }),
            0);
}

TEST(PageHeap, RefusesWhatTheSystemRefusesAndStaysUsable) {
  EXPECT_EQ(test::in_child([] {
              PageHeap heap({});
              void* first = allocate(heap, kMegabyte);
              if (first == nullptr) return 1;
              // The addresses are there already; the system refuses to make them usable.
              limit_data(8 * kMegabyte);
              if (allocate(heap, 64 * kMegabyte) != nullptr) return 2;
              if (!heap.is_consistent()) return 3;
              if (heap.statistics().held_bytes != kMegabyte) return 4;
              void* second = allocate(heap, 4 * kMegabyte);
              if (second == nullptr) return 5;
              std::memset(second, 1, 4 * kMegabyte);
              heap.deallocate(second);
              heap.deallocate(first);
              return heap.is_consistent() ? 0 : 6;
            }),
            0);
}

TEST(PageHeap, TakesTheLastPagesThatTheSystemHas) {
  EXPECT_EQ(test::in_child([] {
              PageHeap heap({});
              void* first = allocate(heap, 64 * kMegabyte);
              if (first == nullptr) return 1;
              limit_data(8 * kMegabyte);
              // Too little is left to make many pages usable at once; those of a granule follow one by one.
              for (int i = 0; i < 40; ++i) {
                void* page = allocate(heap, kPage);
                if (page == nullptr) return 2;
                std::memset(page, 1, kPage);
              }
              return heap.is_consistent() ? 0 : 3;
            }),
            0);
}

TEST(PageHeap, AgreesWithAPlainModelWhereAddressSpaceIsBounded) {
  EXPECT_EQ(test::in_child([] {
              limit_address_space(std::uint64_t{512} << 20U);
              PageHeap heap({});
              run_random_operations(heap, 20000, 300, 5);
              return ::testing::Test::HasFailure() ? 1 : 0;
            }),
            0);
}

void hammer(PageHeap& heap, unsigned seed, std::vector<std::atomic<void*>>& shared) {
  std::mt19937 random(seed);
  for (int step = 0; step < 3000; ++step) {
    const Lookup lookup = random() % 4 == 0 ? Lookup::page : Lookup::begin;
    const std::size_t bytes = 1 + random() % (kPage << random() % 9);
    auto* block = static_cast<unsigned char*>(heap.allocate(bytes, 64, &shared, lookup));
    if (block != nullptr) {
      block[0] = block[bytes - 1] = 1;
      if (heap.find(block).owner != &shared) ADD_FAILURE() << "the block is not found";
      if (!heap.contains(block + bytes - 1)) ADD_FAILURE() << "the block is not the heap's";
    }
    // Most blocks are given back by another thread.
    heap.deallocate(shared[random() % shared.size()].exchange(block));
    if (random() % 512 == 0) (void)heap.decay();
    if (random() % 1024 == 0) heap.trim();
    (void)heap.statistics();
  }
}

void run_threads(PageHeap& heap) {
  std::vector<std::atomic<void*>> shared(32);
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t) threads.emplace_back([&, t] { hammer(heap, t, shared); });
  }
  EXPECT_TRUE(heap.is_consistent());
  for (auto& block : shared) heap.deallocate(block);
  EXPECT_EQ(heap.statistics().used_bytes, 0U);
  EXPECT_EQ(heap.statistics().live_bytes, 0U);
  EXPECT_TRUE(heap.is_consistent());
}

TEST(PageHeapThreads, AllocateAndGiveBackAtOnce) {
  PageHeap heap({});
  run_threads(heap);
}

TEST(PageHeapThreads, AllocateAndGiveBackAtOnceWithinABudget) {
  PageHeap heap({.budget_bytes = 8 * kMegabyte});
  run_threads(heap);
}

class PageHeapDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kChecked) GTEST_SKIP() << "misuse is reported in debug and sanitizer builds alone";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
  PageHeap heap_{{}};
};

TEST_F(PageHeapDeathTest, EndsWhenABlockIsGivenBackTwice) {
  void* block = allocate(heap_, kMegabyte);
  heap_.deallocate(block);
  EXPECT_DEATH(heap_.deallocate(block), "given back twice");
}

TEST_F(PageHeapDeathTest, EndsWhenAnAddressInsideABlockIsGivenBack) {
  auto* block = static_cast<std::byte*>(allocate(heap_, kMegabyte));
  EXPECT_DEATH(heap_.deallocate(block + 1), "not where a block begins");
  EXPECT_DEATH(heap_.deallocate(block + kPage), "not where a block begins");
  heap_.deallocate(block);
}

TEST_F(PageHeapDeathTest, EndsWhenAnAddressOfSomebodyElseIsGivenBack) {
  int local = 0;
  EXPECT_DEATH(heap_.deallocate(&local), "not of this allocator");
}

}  // namespace
}  // namespace onda::memory
