#include "onda/tensor_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "onda/error.h"
#include "support/error_matchers.h"
#include "support/failing_allocator.h"
#include "support/run_process.h"
#include "support/runtime.h"
#include "support/wire_writer.h"

namespace onda {
namespace {

using test::throws_error;

Session open(const std::string& model) { return Session::open(test::runtime(), test::model_path(model)); }

void fill(const TensorLease& lease, float first = 0.5F) {
  for (const auto& [name, tensor] : lease.inputs()) {
    const auto values = tensor.as<float>();
    std::iota(values.begin(), values.end(), first);
  }
}

std::vector<float> floats(const TensorView& view) {
  const auto values = view.as<float>();
  return {values.begin(), values.end()};
}

/// y = [x, x], which the model declares to be as long as x.
std::string model_that_declares_a_wrong_shape() {
  using test::WireWriter;
  const auto value = [](std::string_view name) {
    WireWriter dimension;
    dimension.message(1, WireWriter().bytes(2, "N"));
    return WireWriter().bytes(1, name).message(
        2, WireWriter().message(1, WireWriter().number(1, 1).message(2, dimension)));
  };
  WireWriter axis;
  axis.bytes(1, "axis").number(3, 0).number(20, 2);
  WireWriter node;
  node.bytes(1, "x").bytes(1, "x").bytes(2, "y").bytes(4, "Concat").message(5, axis);
  WireWriter graph;
  graph.message(1, node).bytes(2, "g").message(11, value("x")).message(12, value("y"));
  WireWriter model;
  model.number(1, 8).message(7, graph).message(8, WireWriter().bytes(1, "").number(2, 13));
  return model.text();
}

class TensorPoolTest : public testing::Test {
 protected:
  [[nodiscard]] TensorPool pool(const std::string& model, TensorPoolOptions options = {}) const {
    if (!options.allocator) options.allocator = allocator_;
    return TensorPool(open(model), std::move(options));
  }

  std::shared_ptr<test::FailingAllocator> allocator_ = std::make_shared<test::FailingAllocator>();
};

TEST_F(TensorPoolTest, AnswersAsTheSessionDoes) {
  const auto session = open("tiny.onnx");
  TensorPool pool(session);
  auto lease = pool.acquire({{"N", 3}});
  ASSERT_EQ(lease.inputs().size(), 1U);
  EXPECT_EQ(lease.inputs()[0].name, "x");
  EXPECT_EQ(lease.input("x").shape(), (Shape{3, 64}));
  EXPECT_TRUE(lease.outputs().empty()) << "nothing has run";
  fill(lease);
  lease.run();
  ASSERT_EQ(lease.outputs().size(), 1U);
  EXPECT_EQ(lease.output("y").shape(), (Shape{3, 10}));
  EXPECT_EQ(floats(lease.output("y")), floats(session.run(lease.input("x").view())[0].tensor));
}

TEST_F(TensorPoolTest, TakesNamesABatchOrShapes) {
  auto named = pool("transformer.onnx");
  EXPECT_EQ(named.acquire({{"sequence", 7}, {"batch", 2}}).input("attention_mask").shape(), (Shape{2, 7}));
  auto batched = pool("tiny.onnx");
  EXPECT_EQ(batched.acquire_batch(5).input("x").shape(), (Shape{5, 64}));
  auto unnamed = pool("unnamed_dims.onnx");
  const std::array<Shape, 1> shape = {Shape{4, 3}};
  auto lease = unnamed.acquire_shapes(shape);
  fill(lease);
  lease.run();
  EXPECT_EQ(lease.outputs()[0].tensor.shape(), (Shape{4, 3}));
  EXPECT_EQ(unnamed.acquire_batch(2).inputs()[0].tensor.shape(), (Shape{2, 3}));
  auto fixed = pool("fixed_shape.onnx");
  EXPECT_EQ(fixed.acquire().inputs()[0].tensor.shape(), (Shape{2, 3}));
  auto without_inputs = pool("constant_output.onnx");
  auto constant = without_inputs.acquire();
  constant.run();
  EXPECT_EQ(constant.outputs()[0].tensor.shape(), (Shape{2, 3}));
}

TEST_F(TensorPoolTest, RefusesSizesThatTheModelCannotTake) {
  auto add = pool("add_n.onnx");
  const auto invalid = ErrorCode::invalid_argument;
  EXPECT_TRUE(throws_error([&] { return add.acquire(); }, invalid, "dimension \"N\" of input \"a\""));
  EXPECT_TRUE(throws_error([&] { return add.acquire({{"M", 1}}); }, invalid, "\"M\""));
  EXPECT_TRUE(throws_error([&] { return add.acquire({{"N", -1}}); }, invalid, "-1"));
  EXPECT_TRUE(throws_error([&] { return add.acquire_batch(-2); }, invalid, "-2"));
  const std::array<Shape, 2> unequal = {Shape{2, 4}, Shape{1, 4}};
  EXPECT_TRUE(throws_error([&] { return add.acquire_shapes(unequal); }, ErrorCode::shape_mismatch, "\"N\""));
  const std::array<Shape, 2> other_rank = {Shape{2, 4}, Shape{4}};
  EXPECT_TRUE(throws_error([&] { return add.acquire_shapes(other_rank); }, ErrorCode::shape_mismatch, "[4]"));
  const std::array<Shape, 2> other_size = {Shape{2, 4}, Shape{2, 5}};
  EXPECT_TRUE(
      throws_error([&] { return add.acquire_shapes(other_size); }, ErrorCode::shape_mismatch, "[2,5]"));
  EXPECT_TRUE(throws_error([&] { return add.acquire_shapes({}); }, invalid, "2 inputs"));
  auto fixed = pool("fixed_shape.onnx");
  EXPECT_TRUE(throws_error([&] { return fixed.acquire_batch(3); }, invalid, "fixed"));
  EXPECT_TRUE(throws_error([&] { return add.acquire({{"N", INT64_MAX / 2}}); }, invalid, ""));
  EXPECT_EQ(add.statistics().leases, 0U);
  EXPECT_TRUE(throws_error([&] { return add.acquire_batch(1).input("z"); }, invalid, "\"z\""));
}

TEST_F(TensorPoolTest, RefusesModelsWhoseInputsItCannotLend) {
  for (const auto* model : {"identity_string.onnx", "unknown_rank.onnx", "sequence_input.onnx"}) {
    EXPECT_TRUE(throws_error([&] { return pool(model).statistics(); }, ErrorCode::unimplemented, "input"))
        << model;
  }
  EXPECT_TRUE(
      throws_error([&] { return pool("tiny.onnx", {.idle_time = std::chrono::seconds(-1)}).statistics(); },
                   ErrorCode::invalid_argument, "idle_time"));
}

TEST_F(TensorPoolTest, ABufferThatIsLargeEnoughGetsAnotherShape) {
  auto pool = this->pool("tiny.onnx");
  const std::byte* block = nullptr;
  {
    const auto lease = pool.acquire_batch(8);
    block = lease.input("x").bytes().data();
  }
  const auto calls = allocator_->calls();
  for (const std::int64_t batch : {1, 8, 3, 0, 7}) {
    auto lease = pool.acquire_batch(batch);
    EXPECT_EQ(lease.input("x").bytes().data(), block);
    EXPECT_EQ(lease.input("x").shape(), (Shape{batch, 64}));
    fill(lease);
    lease.run();
    EXPECT_EQ(lease.output("y").shape(), (Shape{batch, 10}));
  }
  EXPECT_EQ(allocator_->calls(), calls);
  EXPECT_EQ(pool.statistics().allocations, 2U) << "input and output, once";
  EXPECT_EQ(pool.statistics().acquired, 6U);
}

TEST_F(TensorPoolTest, TheSmallestThatHasRoomIsTaken) {
  auto pool = this->pool("tiny.onnx", {.idle_time = {}});
  std::map<std::int64_t, const std::byte*> blocks;
  {
    std::vector<TensorLease> leases;
    for (const std::int64_t batch : {4, 16, 8}) {
      leases.push_back(pool.acquire_batch(batch));
      blocks[batch] = leases.back().input("x").bytes().data();
    }
  }
  EXPECT_EQ(pool.statistics().idle_leases, 3U);
  const auto first = pool.acquire_batch(5);
  EXPECT_EQ(first.input("x").bytes().data(), blocks[8]);
  const auto second = pool.acquire_batch(5);
  EXPECT_EQ(second.input("x").bytes().data(), blocks[16]);
  const auto grown = pool.acquire_batch(5);
  EXPECT_EQ(pool.statistics().allocations, 8U);
  EXPECT_EQ(pool.statistics().idle_leases, 0U);
}

TEST_F(TensorPoolTest, OutputsThatDoNotFollowFromTheInputsAreAllocatedByOnnxRuntime) {
  auto pool = this->pool("dynamic_output.onnx");
  auto lease = pool.acquire_batch(4);
  const auto x = lease.inputs()[0].tensor.as<float>();
  std::fill(x.begin(), x.end(), 0.0F);
  x[1] = x[3] = 1;
  lease.run();
  EXPECT_EQ(lease.outputs()[0].tensor.shape(), (Shape{1, 2}));
  EXPECT_EQ(pool.statistics().allocations, 1U);
}

TEST_F(TensorPoolTest, AnOutputThatIsNotAsTheModelDeclaresItIsFoundOut) {
  const auto model = model_that_declares_a_wrong_shape();
  const auto session = Session::open(test::runtime(), std::as_bytes(std::span(model)));
  TensorPool pool(session, {.allocator = allocator_});
  for (int i = 0; i < 3; ++i) {
    auto lease = pool.acquire_batch(3);
    fill(lease);
    for (int again = 0; again < 2; ++again) {
      lease.run();
      ASSERT_EQ(lease.output("y").shape(), (Shape{6}));
      EXPECT_EQ(floats(lease.output("y")), (std::vector<float>{0.5F, 1.5F, 2.5F, 0.5F, 1.5F, 2.5F}));
    }
  }
  EXPECT_EQ(pool.statistics().allocations, 2U);
  EXPECT_EQ(allocator_->live_blocks(), 1) << "the buffer of no use was given back";
}

TEST_F(TensorPoolTest, ALeaseStaysUsableAfterARunThatFailed) {
  auto pool = this->pool("tiny.onnx");
  auto lease = pool.acquire_batch(1);
  fill(lease);
  std::stop_source source;
  source.request_stop();
  EXPECT_TRUE(throws_error([&] { lease.run({.stop = source.get_token()}); }, ErrorCode::cancelled, ""));
  EXPECT_TRUE(lease.outputs().empty());
  lease.run();
  EXPECT_EQ(lease.outputs().size(), 1U);
}

TEST_F(TensorPoolTest, IdleLeasesAreBoundedInNumberAndBytes) {
  const auto take_four = [&](TensorPool& pool) {
    std::vector<TensorLease> leases;
    for (int i = 0; i < 4; ++i) leases.push_back(pool.acquire_batch(1));
  };
  auto few = pool("tiny.onnx", {.idle_leases = 2, .idle_time = {}});
  take_four(few);
  EXPECT_EQ(few.statistics().idle_leases, 2U);
  EXPECT_EQ(allocator_->live_blocks(), 4);
  auto none = pool("tiny.onnx", {.idle_leases = 0, .idle_time = {}});
  take_four(none);
  EXPECT_EQ(none.statistics().idle_leases, 0U);
  EXPECT_EQ(allocator_->live_blocks(), 4);
  auto small = pool("tiny.onnx", {.idle_bytes = 64 * 4 + 10 * 4, .idle_time = {}});
  take_four(small);
  EXPECT_EQ(small.statistics().idle_leases, 1U);
  EXPECT_EQ(small.statistics().idle_bytes, 296U);
  { const auto too_large = small.acquire_batch(2); }
  EXPECT_EQ(small.statistics().idle_leases, 0U) << "it grew";
  small.trim();
  few.trim();
  EXPECT_EQ(few.statistics().idle_bytes, 0U);
  EXPECT_EQ(allocator_->live_blocks(), 0);
}

TEST_F(TensorPoolTest, WhatNobodyNeedsGoesBackByItself) {
  auto pool = this->pool("tiny.onnx", {.idle_time = std::chrono::milliseconds(1)});
  for (int i = 0; i < 3; ++i) {
    {
      const auto lease = pool.acquire_batch(2);
    }
    while (pool.statistics().idle_leases > 0 || allocator_->live_blocks() > 0) std::this_thread::yield();
  }
}

TEST_F(TensorPoolTest, ALeaseOutlivesPoolAndSession) {
  auto lease = [&] {
    TensorPool pool(open("tiny.onnx"), {.allocator = allocator_});
    return pool.acquire_batch(2);
  }();
  fill(lease);
  lease.run();
  EXPECT_EQ(lease.output("y").shape(), (Shape{2, 10}));
  std::jthread([taken = std::move(lease)] {}).join();
  EXPECT_EQ(allocator_->live_blocks(), 0);
}

TEST_F(TensorPoolTest, AMovedLeaseIsGivenBackOnce) {
  auto pool = this->pool("tiny.onnx");
  {
    auto first = pool.acquire_batch(1);
    auto second = pool.acquire_batch(2);
    first = std::move(second);
    EXPECT_EQ(first.input("x").shape(), (Shape{2, 64}));
    EXPECT_EQ(pool.statistics().leases, 1U);
    EXPECT_EQ(pool.statistics().idle_leases, 1U);
  }
  EXPECT_EQ(pool.statistics().leases, 0U);
  EXPECT_EQ(pool.statistics().idle_leases, 2U);
}

TEST_F(TensorPoolTest, ARefusedAllocationLosesNothing) {
  const auto session = open("add_n.onnx");
  EXPECT_EQ(test::refusals_until_success([&](const std::shared_ptr<Allocator>& allocator) {
              TensorPool pool(session, {.allocator = allocator});
              auto lease = pool.acquire_batch(2);
              fill(lease);
              lease.run();
            }),
            3);
}

TEST_F(TensorPoolTest, TheRuntimesAllocatorIsTheDefault) {
  const auto runtime = test::runtime();
  TensorPool pool(open("tiny.onnx"));
  const auto lease = pool.acquire_batch(1);
  EXPECT_TRUE(runtime.allocator()->owns(lease.input("x").bytes().data()));
}

TEST(TensorPoolThreads, EachCallerHasBuffersOfItsOwn) {
  const auto session = open("no_softmax.onnx");
  TensorPool pool(session, {.idle_leases = 3, .idle_time = std::chrono::microseconds(50)});
  const auto work = [&](float seed) {
    for (int i = 0; i < 200; ++i) {
      auto lease = pool.acquire_batch(1 + i % 4);
      fill(lease, seed);
      lease.run();
      // y = x · W with W = (0 … 11) / 10, x = seed, seed + 1, …
      float expected = 0;
      for (int row = 0; row < 4; ++row) {
        expected += (seed + static_cast<float>(row)) * static_cast<float>(3 * row) / 10;
      }
      ASSERT_NEAR(lease.outputs()[0].tensor.as<float>()[0], expected, 1e-3F * (1 + expected));
      if (i % 50 == 0) pool.trim();
    }
  };
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) callers.emplace_back(work, static_cast<float>(i * 100));
  }
  EXPECT_EQ(pool.statistics().leases, 0U);
  EXPECT_EQ(pool.statistics().acquired, 800U);
}

/// In a program of its own, which replaces malloc to count.
TEST(TensorPoolAllocations, ASteadyStreamMakesNone) {
  const auto program = test::binary_dir() / "onda_allocation_probe";
  if (!std::filesystem::exists(program))
    GTEST_SKIP() << "the probe is not built under sanitizers: it replaces malloc";
  const auto result = test::run_process({program.string(), test::model_path("transformer.onnx").string(),
                                         test::model_path("add_n.onnx").string()});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(result.out,
            "transformer: 400 requests, 0 of malloc, 0 of the pool's allocator\n"
            "add: 400 requests, 0 of malloc, 0 of the pool's allocator\n");
}

}  // namespace
}  // namespace onda
