// That memory comes from where the session's strategy says, and what a session tells of it.
#include "onda/memory_strategy.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "onda/error.h"
#include "onda/session.h"
#include "runtime/environment.h"
#include "support/runtime.h"

namespace onda::runtime {
namespace {

using test::model_path;

class MemoryStrategyTest : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t allocations() const { return runtime_.allocator()->statistics().allocations; }
  [[nodiscard]] std::vector<NamedTensor> run(const Session& session) const {
    return session.run(TensorView::of<float>({3, 64}, x_));
  }

  Runtime runtime_ = test::runtime();
  std::vector<float> x_ = std::vector<float>(192, 0.5F);
};

TEST_F(MemoryStrategyTest, OndasAllocatorIsUnderTheProcesssRuntime) {
  EXPECT_TRUE(runtime_.info().recycles_memory);
  ASSERT_NE(runtime_.allocator(), nullptr);
  EXPECT_EQ(runtime_.allocator(), test::runtime().allocator());
}

TEST_F(MemoryStrategyTest, Rule3OnlyRecyclingUsesWhatIsRegistered) {
  for (const auto& [strategy, takes] : std::map<MemoryStrategy, bool>{{MemoryStrategy::recycling, true},
                                                                      {MemoryStrategy::arena, false},
                                                                      {MemoryStrategy::system, false}}) {
    const auto session = Session::open(runtime_, model_path("tiny.onnx"), {.memory = strategy});
    EXPECT_EQ(session.memory_strategy(), strategy);
    const auto before = allocations();
    const auto outputs = run(session);
    EXPECT_EQ(allocations() > before, takes) << to_string(strategy);
    EXPECT_EQ(runtime_.allocator()->owns(outputs[0].tensor.bytes().data()), takes) << to_string(strategy);
  }
}

TEST_F(MemoryStrategyTest, WhatASessionReservesGoesWithItAndIsNotOfTheRecycledMemory) {
  const auto* adapter = runtime_.environment()->allocator_adapter();
  const auto reserved = adapter->reserved_bytes();
  const auto live = runtime_.allocator()->statistics().live_bytes;
  {
    const auto session = Session::open(runtime_, model_path("tiny.onnx"));
    EXPECT_GT(adapter->reserved_bytes(), reserved);
    EXPECT_EQ(runtime_.allocator()->statistics().live_bytes, live);
  }
  EXPECT_EQ(adapter->reserved_bytes(), reserved);
}

TEST_F(MemoryStrategyTest, AnOutputOutlivesItsSessionAndGoesBackOnAnotherThread) {
  const auto live = runtime_.allocator()->statistics().live_bytes;
  auto outputs = run(Session::open(runtime_, model_path("tiny.onnx")));
  EXPECT_GT(runtime_.allocator()->statistics().live_bytes, live);
  const float first = outputs[0].tensor.as<float>()[0];
  EXPECT_GT(first, 0);
  std::jthread([taken = std::move(outputs)]() mutable { taken.clear(); }).join();
  EXPECT_EQ(runtime_.allocator()->statistics().live_bytes, live);
}

TEST_F(MemoryStrategyTest, ASessionTellsWhatItsRunsTook) {
  const auto session = Session::open(runtime_, model_path("tiny.onnx"));
  EXPECT_EQ(session.why_no_memory(), "");
  ASSERT_TRUE(session.memory());
  EXPECT_EQ(session.memory()->runs, 0U);
  static_cast<void>(run(session));
  // At the least the output and what it is computed from.
  const auto memory = *session.memory();
  EXPECT_EQ(memory.runs, 1U);
  EXPECT_GE(memory.last_run_allocations, 2U);
  EXPECT_GE(memory.peak_run_bytes, 3 * 10 * sizeof(float));
  static_cast<void>(run(session));
  EXPECT_EQ(session.memory()->runs, 2U);
  EXPECT_EQ(session.memory()->peak_run_bytes, memory.peak_run_bytes);
  std::vector<float> larger(64 * 6);
  static_cast<void>(session.run(TensorView::of<float>({6, 64}, larger)));
  EXPECT_GT(session.memory()->peak_run_bytes, memory.peak_run_bytes);
}

TEST_F(MemoryStrategyTest, ALentOutputIsOneAllocationLess) {
  const auto session = Session::open(runtime_, model_path("tiny.onnx"));
  static_cast<void>(run(session));
  const auto own = session.memory()->last_run_allocations;
  std::vector<float> y(30);
  const std::array<NamedView, 1> inputs = {{{"x", TensorView::of<float>({3, 64}, x_)}}};
  const std::array<NamedMutableView, 1> lent = {{{"y", MutableTensorView::of<float>({3, 10}, y)}}};
  session.run(inputs, lent);
  EXPECT_EQ(session.memory()->last_run_allocations, own - 1);
}

TEST_F(MemoryStrategyTest, WhereNobodyCanTellWhatARunTookItSaysWhy) {
  const auto why = [&](const SessionOptions& options) {
    const auto session = Session::open(runtime_, model_path("tiny.onnx"), options);
    static_cast<void>(run(session));
    EXPECT_FALSE(session.memory());
    return std::string(session.why_no_memory());
  };
  EXPECT_NE(why({.execution_mode = ExecutionMode::parallel}).find("parallel"), std::string::npos);
  EXPECT_NE(why({.inter_op_threads = 2}).find("inter-op"), std::string::npos);
  EXPECT_NE(why({.memory = MemoryStrategy::arena}).find("recycling"), std::string::npos);
}

TEST_F(MemoryStrategyTest, TheKeyThatTurnsItOnIsOndas) {
  const SessionOptions options{.config = {{"session.use_env_allocators", "1"}}};
  try {
    static_cast<void>(Session::open(runtime_, model_path("tiny.onnx"), options));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
}

TEST(MemoryStrategyThreads, RunsOfTwoThreadsAreCountedApart) {
  const auto runtime = test::runtime();
  const auto session = Session::open(runtime, model_path("tiny.onnx"), {.intra_op_threads = 1});
  const std::vector<float> x(64 * 4);
  const auto work = [&](std::int64_t batch) {
    for (int i = 0; i < 200; ++i) {
      const std::span<const float> rows(x.data(), static_cast<std::size_t>(batch) * 64);
      static_cast<void>(session.run(TensorView::of<float>({batch, 64}, rows)));
    }
  };
  static_cast<void>(session.run(TensorView::of<float>({4, 64}, x)));
  const auto peak_of_one = session.memory()->peak_run_bytes;
  {
    const std::jthread one(work, 1);
    const std::jthread four(work, 4);
  }
  EXPECT_EQ(session.memory()->runs, 401U);
  EXPECT_EQ(session.memory()->peak_run_bytes, peak_of_one);
}

}  // namespace
}  // namespace onda::runtime
