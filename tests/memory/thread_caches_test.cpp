#include "memory/thread_caches.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "memory/decay_thread.h"

namespace onda::memory {
namespace {

/// What an allocator has round its caches, without a decay thread.
struct Heap {
  PageHeap pages{PageHeapOptions{}};
  SpanHeap spans{pages};
  DecayThread decay{{.enabled = false,
                     .interval = std::chrono::seconds(1),
                     .clock = [] { return std::chrono::steady_clock::now(); },
                     .pass = [](void*) noexcept { return DecayThread::Pass{}; },
                     .context = nullptr}};
  ThreadCaches caches{spans, decay};
};

/// Leaves a block in the cache.
void use(Heap& heap, ThreadCache& cache) {
  bool left_unneeded = false;
  void* block = cache.refill(0, heap.spans, left_unneeded);
  ASSERT_NE(block, nullptr);
  ASSERT_TRUE(cache.put(0, block));
}

TEST(ThreadCachesThreads, EachThreadHasOneForEachAllocator) {
  Heap one;
  Heap two;
  ThreadCache* mine = one.caches.mine();
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(one.caches.mine(), mine);
  EXPECT_NE(two.caches.mine(), mine);
  std::jthread([&] {
    EXPECT_NE(one.caches.mine(), nullptr);
    EXPECT_NE(one.caches.mine(), mine);
  });
}

TEST(ThreadCachesThreads, AThreadThatEndsGivesItsCacheBackAndItsCountsStay) {
  Heap heap;
  std::jthread([&] { use(heap, *heap.caches.mine()); }).join();
  EXPECT_TRUE(heap.spans.release_spares());
  EXPECT_EQ(heap.spans.statistics().span_bytes, 0U);
  EXPECT_EQ(heap.caches.counts().allocations, 1U);
  EXPECT_EQ(heap.caches.counts().freed_bytes, 64U);
}

TEST(ThreadCachesThreads, ManyThreadsLeaveNothing) {
  Heap heap;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&] { use(heap, *heap.caches.mine()); });
  }
  EXPECT_EQ(heap.caches.counts().allocations, 80U);
  heap.spans.release_spares();
  EXPECT_EQ(heap.spans.statistics().span_bytes, 0U);
}

TEST(ThreadCachesThreads, AThreadMayOutliveTheAllocatorAndUseTheNextOne) {
  auto first = std::make_unique<Heap>();
  std::promise<void> used;
  std::promise<void> gone;
  std::unique_ptr<Heap> second;
  std::jthread thread([&] {
    use(*first, *first->caches.mine());
    used.set_value();
    gone.get_future().wait();
    use(*second, *second->caches.mine());
  });
  used.get_future().wait();
  first.reset();
  second = std::make_unique<Heap>();
  gone.set_value();
  thread.join();
  EXPECT_EQ(second->caches.counts().allocations, 1U);
  second->spans.release_spares();
  EXPECT_EQ(second->spans.statistics().span_bytes, 0U);
}

TEST(ThreadCachesThreads, AThreadMayEndAfterTheAllocator) {
  auto heap = std::make_unique<Heap>();
  std::promise<void> used;
  std::promise<void> gone;
  std::jthread thread([&] {
    use(*heap, *heap->caches.mine());
    used.set_value();
    gone.get_future().wait();
  });
  used.get_future().wait();
  heap.reset();
  gone.set_value();
}

TEST(ThreadCachesThreads, EightAllocatorsAtATimeHaveThem) {
  // Fewer, where another test has an allocator of its own.
  std::vector<std::unique_ptr<Heap>> heaps;
  do {
    ASSERT_LE(heaps.size(), 8U);
    heaps.push_back(std::make_unique<Heap>());
  } while (heaps.back()->caches.mine() != nullptr);
  heaps.erase(heaps.begin() + 3);
  EXPECT_EQ(heaps.back()->caches.mine(), nullptr) << "it stays without";
  Heap next;
  EXPECT_NE(next.caches.mine(), nullptr);
}

TEST(ThreadCachesThreads, CallsPastTheEndOfAThreadHaveNone) {
  Heap heap;
  ASSERT_NE(heap.caches.mine(), nullptr);  // the key of the caches is made, and called before later ones
  static Heap* late_heap = nullptr;
  static bool late_call = false;
  late_heap = &heap;
  pthread_key_t key{};
  ASSERT_EQ(pthread_key_create(&key,
                               [](void*) {
                                 late_call = true;
                                 EXPECT_EQ(late_heap->caches.mine(), nullptr);
                               }),
            0);
  std::jthread([&] {
    use(heap, *heap.caches.mine());
    pthread_setspecific(key, &heap);
  }).join();
  EXPECT_TRUE(late_call);
  pthread_key_delete(key);
}

}  // namespace
}  // namespace onda::memory
