#include "serving/striped_pointer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace onda::serving {
namespace {

TEST(StripedPointer, IsNullUntilSomethingIsStored) {
  const StripedPointer<int> pointer;
  EXPECT_EQ(pointer.load(), nullptr);
}

TEST(StripedPointer, GivesWhatWasStoredLast) {
  StripedPointer<int> pointer(std::make_shared<int>(1));
  EXPECT_EQ(*pointer.load(), 1);
  const auto second = std::make_shared<int>(2);
  pointer.store(second);
  EXPECT_EQ(pointer.load().get(), second.get());
  pointer.store(nullptr);
  EXPECT_EQ(pointer.load(), nullptr);
}

TEST(StripedPointer, TheOldOneGoesWithItsLastReader) {
  StripedPointer<int> pointer(std::make_shared<int>(1));
  auto reader = pointer.load();
  auto another = std::make_shared<int>(2);
  const std::weak_ptr<int> watched = another;
  pointer.store(std::move(another));
  EXPECT_EQ(*reader, 1);
  reader = pointer.load();
  pointer.store(nullptr);
  EXPECT_FALSE(watched.expired());
  reader.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(StripedPointer, EachStripeCountsForItself) {
  StripedPointer<int> pointer(std::make_shared<int>(1));
  const auto mine = pointer.load();
  EXPECT_EQ(mine.use_count(), 2);
  // More threads than stripes, one after the other: each other stripe is met, and counts for itself.
  int others = 0;
  for (unsigned i = 0; i < 2 * telemetry::kStripes; ++i) {
    std::jthread([&] { others += pointer.load().use_count() == 2; }).join();
  }
  EXPECT_GE(others, static_cast<int>(telemetry::kStripes));
}

TEST(StripedPointer, TheOldOneGoesOutsideTheLocksOfReaders) {
  // The destructor of what is replaced runs outside the locks of the readers.
  struct Node {
    StripedPointer<Node>* owner = nullptr;
    bool* is_gone = nullptr;
    ~Node() {
      if (owner != nullptr) *is_gone = owner->load() != nullptr;
    }
  };
  bool is_gone = false;
  StripedPointer<Node> pointer;
  auto node = std::make_shared<Node>();
  node->owner = &pointer;
  node->is_gone = &is_gone;
  pointer.store(std::move(node));
  pointer.store(std::make_shared<Node>());
  EXPECT_TRUE(is_gone);
}

TEST(StripedPointerThreads, ReadersSeeWholeObjectsWhileTheyAreReplaced) {
  struct Pair {
    std::uint64_t first;
    std::uint64_t second;
  };
  StripedPointer<const Pair> pointer(std::make_shared<const Pair>(Pair{0, 0}));
  std::atomic<bool> is_over{false};
  std::atomic<int> torn{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        std::uint64_t last = 0;
        while (!is_over) {
          const auto pair = pointer.load();
          if (pair->first != pair->second || pair->first < last) ++torn;
          last = pair->first;
        }
      });
    }
    for (std::uint64_t i = 1; i <= 2000; ++i) pointer.store(std::make_shared<const Pair>(Pair{i, i}));
    is_over = true;
  }
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(pointer.load()->first, 2000U);
}

TEST(StripedPointerThreads, AllStripesEndWithTheSameOneOfSeveralWriters) {
  StripedPointer<int> pointer;
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 3; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < 300; ++i) pointer.store(std::make_shared<int>(w));
      });
    }
  }
  const int* const expected = pointer.load().get();
  int same = 0;
  for (unsigned i = 0; i < 2 * telemetry::kStripes; ++i) {
    std::jthread([&] { same += pointer.load().get() == expected; }).join();
  }
  EXPECT_EQ(same, static_cast<int>(2 * telemetry::kStripes));
}

}  // namespace
}  // namespace onda::serving
