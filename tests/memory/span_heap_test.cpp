#include "memory/span_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace onda::memory {
namespace {

constexpr std::size_t kKilobyte = 1024;

class SpanHeapTest : public ::testing::Test {
 protected:
  std::vector<void*> take(std::size_t size_class, std::size_t count) {
    std::vector<void*> all;
    while (all.size() < count) {
      void* batch[SpanHeap::kLargestBatch];
      const std::size_t taken =
          spans_.take(size_class, batch, std::min(count - all.size(), SpanHeap::kLargestBatch));
      if (taken == 0) break;
      all.insert(all.end(), batch, batch + taken);
    }
    return all;
  }

  bool put(std::size_t size_class, const std::vector<void*>& blocks) {
    bool left_unneeded = false;
    for (std::size_t i = 0; i < blocks.size(); i += SpanHeap::kLargestBatch) {
      left_unneeded |=
          spans_.put(size_class, blocks.data() + i, std::min(blocks.size() - i, SpanHeap::kLargestBatch));
    }
    return left_unneeded;
  }

  PageHeap pages_{PageHeapOptions{}};
  SpanHeap spans_{pages_};
};

TEST_F(SpanHeapTest, BlocksOfEveryClassAreDistinctAlignedAndOwned) {
  for (std::size_t c = 0; c < SizeClasses::kCount; ++c) {
    const std::size_t bytes = SizeClasses::bytes(c);
    const std::size_t alignment = std::min(bytes & (~bytes + 1), SizeClasses::kLargestAlignment);
    // More than one span has.
    const auto blocks = take(c, 300 * kKilobyte / bytes + 2);
    std::set<char*> ends;
    for (void* block : blocks) {
      Span* span = spans_.owner(block);
      ASSERT_NE(span, nullptr);
      EXPECT_EQ(span->size_class(), c);
      EXPECT_TRUE(span->begins_block(block));
      EXPECT_GE(static_cast<std::byte*>(block), span->begin());
      EXPECT_LE(static_cast<std::byte*>(block) + bytes, span->begin() + span->bytes());
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
      ends.insert(static_cast<char*>(block));
    }
    for (auto one = ends.begin(), next = std::next(one); next != ends.end(); ++one, ++next) {
      ASSERT_GE(static_cast<std::size_t>(*next - *one), bytes);
    }
    put(c, blocks);
  }
}

TEST_F(SpanHeapTest, EmptySpansGoBackButForOneSpare) {
  const std::size_t c = SizeClasses::of(kKilobyte);
  const auto blocks = take(c, 64 * 10);
  EXPECT_EQ(spans_.statistics().span_bytes, 640 * kKilobyte);
  EXPECT_EQ(pages_.statistics().live_bytes, 640 * kKilobyte);
  EXPECT_TRUE(put(c, blocks));
  EXPECT_EQ(spans_.statistics().span_bytes, 64 * kKilobyte);
  EXPECT_TRUE(spans_.release_spares());
  EXPECT_EQ(spans_.statistics().span_bytes, 0U);
  EXPECT_EQ(pages_.statistics().live_bytes, 0U);
  EXPECT_FALSE(spans_.release_spares());
}

TEST_F(SpanHeapTest, ASpanWithOneLiveBlockStays) {
  const std::size_t c = SizeClasses::of(4 * kKilobyte);
  auto blocks = take(c, 16);
  void* kept = blocks.back();
  blocks.pop_back();
  EXPECT_FALSE(put(c, blocks));
  EXPECT_FALSE(spans_.release_spares());
  EXPECT_NE(spans_.owner(kept), nullptr);
  EXPECT_EQ(spans_.statistics().span_bytes, 64 * kKilobyte);
  put(c, {kept});
  EXPECT_TRUE(spans_.release_spares());
}

TEST_F(SpanHeapTest, TheSpareIsUsedBeforeNewPagesAre) {
  const std::size_t c = SizeClasses::of(kKilobyte);
  put(c, take(c, 64));
  const auto again = take(c, 64);
  EXPECT_EQ(spans_.statistics().span_bytes, 64 * kKilobyte);
  EXPECT_FALSE(spans_.release_spares()) << "in use, and no spare any more";
  put(c, again);
}

TEST_F(SpanHeapTest, ASpareThatWasNotUsedForAnIntervalDecays) {
  const std::size_t c = SizeClasses::of(kKilobyte);
  put(c, take(c, 64));
  EXPECT_TRUE(spans_.decay());
  put(c, take(c, 1));  // used: it is as young as at first
  EXPECT_TRUE(spans_.decay());
  EXPECT_FALSE(spans_.decay());
  EXPECT_EQ(spans_.statistics().span_bytes, 0U);
}

TEST_F(SpanHeapTest, RefusalsLeaveItUsable) {
  PageHeap pages({.budget_bytes = 128 * kKilobyte});
  SpanHeap spans(pages);
  const std::size_t largest = SizeClasses::kCount - 1;
  void* blocks[8];
  // A span of this class has 256 KB where there is room; under this budget there are two of 64 KB.
  EXPECT_EQ(spans.take(largest, blocks, 2), 2U);
  EXPECT_EQ(spans.take(largest, blocks + 2, 2), 2U);
  EXPECT_EQ(spans.take(largest, blocks + 4, 1), 0U);
  EXPECT_EQ(spans.take(0, blocks + 4, 1), 0U);
  spans.put(largest, blocks, 2);
  EXPECT_EQ(spans.take(0, blocks, 1), 0U) << "the spare is another class's";
  EXPECT_TRUE(spans.release_spares());
  EXPECT_EQ(spans.take(0, blocks, 1), 1U);
  spans.put(0, blocks, 1);
  spans.put(largest, blocks + 2, 2);
  spans.release_spares();
  EXPECT_EQ(pages.statistics().live_bytes, 0U);
}

}  // namespace
}  // namespace onda::memory
