#include "memory/thread_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace onda::memory {
namespace {

class ThreadCacheTest : public ::testing::Test {
 protected:
  void TearDown() override { cache_->flush(spans_); }

  void* allocate(std::size_t size_class) {
    bool left_unneeded = false;
    void* block = cache_->take(size_class);
    return block != nullptr ? block : cache_->refill(size_class, spans_, left_unneeded);
  }

  void free(std::size_t size_class, void* block) {
    if (!cache_->put(size_class, block)) cache_->overflow(size_class, block, spans_);
  }

  PageHeap pages_{PageHeapOptions{}};
  SpanHeap spans_{pages_};
  std::unique_ptr<ThreadCache> cache_ = std::make_unique<ThreadCache>();
};

TEST_F(ThreadCacheTest, GivesTheBlockThatCameLast) {
  void* block = allocate(3);
  free(3, block);
  EXPECT_EQ(cache_->take(3), block);
  free(3, block);
}

TEST_F(ThreadCacheTest, NeverKeepsMoreThan256Kilobytes) {
  for (int round = 0; round < 3; ++round) {
    for (std::size_t c = 0; c < SizeClasses::kCount; ++c) {
      std::vector<void*> blocks(200);
      for (void*& block : blocks) {
        block = allocate(c);
        EXPECT_LE(cache_->bytes(), ThreadCache::kLargestBytes);
      }
      for (void* block : blocks) {
        free(c, block);
        EXPECT_LE(cache_->bytes(), ThreadCache::kLargestBytes);
      }
    }
  }
  EXPECT_GT(cache_->bytes(), ThreadCache::kLargestBytes / 4);
  cache_->flush(spans_);
  EXPECT_EQ(cache_->bytes(), 0U);
  spans_.release_spares();
  EXPECT_EQ(spans_.statistics().span_bytes, 0U);
}

TEST_F(ThreadCacheTest, ASteadyUseOfOneClassMissesSeldom) {
  for (int i = 0; i < 10000; ++i) {
    void* blocks[8];
    for (void*& block : blocks) block = allocate(10);
    for (void* block : blocks) free(10, block);
  }
  EXPECT_EQ(cache_->counts().allocations, 80000U);
  EXPECT_LT(cache_->counts().misses, 10U);
}

TEST_F(ThreadCacheTest, CountsBlocksOfTheirClass) {
  void* first = allocate(0);
  void* second = allocate(31);
  free(0, first);
  cache_->count_large();
  const SmallBlockCounts counts = cache_->counts();
  EXPECT_EQ(counts.allocations, 2U);
  EXPECT_EQ(counts.misses, 2U);
  EXPECT_EQ(counts.large_allocations, 1U);
  EXPECT_EQ(counts.allocated_bytes, 64U + 32768U);
  EXPECT_EQ(counts.freed_bytes, 64U);
  free(31, second);
}

TEST_F(ThreadCacheTest, ARefusalLeavesItAsItWas) {
  PageHeap pages({.budget_bytes = 64 << 10});
  SpanHeap spans(pages);
  ThreadCache cache;
  bool left_unneeded = false;
  std::vector<void*> blocks;
  for (;;) {
    void* block = cache.take(31);
    if (block == nullptr) block = cache.refill(31, spans, left_unneeded);
    if (block == nullptr) break;
    blocks.push_back(block);
  }
  EXPECT_EQ(blocks.size(), 2U);
  EXPECT_EQ(cache.counts().allocations, 2U);
  for (void* block : blocks) {
    if (!cache.put(31, block)) cache.overflow(31, block, spans);
  }
  cache.flush(spans);
  EXPECT_EQ(cache.counts().freed_bytes, cache.counts().allocated_bytes);
}

}  // namespace
}  // namespace onda::memory
