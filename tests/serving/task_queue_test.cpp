#include "serving/task_queue.h"

#include <gtest/gtest.h>

namespace onda::serving {
namespace {

class Nothing final : public Task {
 public:
  void run() noexcept override {}
};

TEST(TaskQueue, IsFirstInFirstOut) {
  Nothing a;
  Nothing b;
  Nothing c;
  TaskQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop(), nullptr);
  queue.push(a);
  queue.push(b);
  EXPECT_EQ(queue.pop(), &a);
  queue.push(c);
  EXPECT_EQ(queue.pop(), &b);
  EXPECT_EQ(queue.pop(), &c);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(TaskQueue, TakesATaskAgainThatItGaveOut) {
  Nothing a;
  Nothing b;
  TaskQueue queue;
  queue.push(a);
  queue.push(b);
  queue.push(*queue.pop());
  EXPECT_EQ(queue.pop(), &b);
  EXPECT_EQ(queue.pop(), &a);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace onda::serving
