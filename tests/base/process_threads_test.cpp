#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "base/process.h"

namespace onda::base {
namespace {

// The heap of the C library is set up by the first trim where a sanitizer's serves the program, as here under
// the thread sanitizer: in a fresh process (ctest runs each test in one) all threads come for that first one.
TEST(ProcessThreads, TheHeapIsReleasedByManyThreadsAtOnce) {
  constexpr int kThreads = 8;
  std::barrier together(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&together] {
      together.arrive_and_wait();
      release_free_heap();
    });
  }
  threads.clear();
  std::vector<int> still_works(1000, 1);
  EXPECT_EQ(still_works.back(), 1);
}

}  // namespace
}  // namespace onda::base
