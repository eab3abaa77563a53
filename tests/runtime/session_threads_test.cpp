#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "onda/session.h"
#include "support/runtime.h"

namespace onda {
namespace {

constexpr int kCallers = 4;

std::vector<float> input_of(int seed, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>((i * 7 + static_cast<std::size_t>(seed) * 13) % 29) / 29.0F;
  return values;
}

/// Several callers, batches that vary, every answer compared with the one that a single caller got.
void compare_under_load(const char* model, std::size_t row, const SessionOptions& options, int rounds) {
  const auto session = Session::open(test::runtime(), test::model_path(model), options);
  Shape shape = session.inputs()[0].shape;
  struct Case {
    Shape shape;
    std::vector<float> input;
    std::vector<std::byte> expected;
  };
  std::vector<Case> cases;
  for (int seed = 0; seed < 5; ++seed) {
    shape[0] = seed + 1;
    Case one{shape, input_of(seed, row * static_cast<std::size_t>(seed + 1)), {}};
    const auto outputs = session.run(TensorView::of<float>(one.shape, one.input));
    one.expected.assign(outputs[0].tensor.bytes().begin(), outputs[0].tensor.bytes().end());
    cases.push_back(std::move(one));
  }
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        for (int round = 0; round < rounds; ++round) {
          const Case& one = cases[static_cast<std::size_t>(round + caller) % cases.size()];
          const auto outputs = session.run(TensorView::of<float>(one.shape, one.input));
          const auto bytes = outputs[0].tensor.bytes();
          if (!std::equal(bytes.begin(), bytes.end(), one.expected.begin(), one.expected.end())) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(SessionThreads, ManyCallersOfOneSessionGetTheirOwnAnswers) {
  compare_under_load("tiny.onnx", 64, {.intra_op_threads = 1}, 500);
}

TEST(SessionThreads, WithSeveralThreadsInAnOperatorToo) {
  compare_under_load("qdq.onnx", 3 * 16 * 16, {.intra_op_threads = 2}, 100);
}

TEST(SessionThreads, WithoutTheArenaToo) {
  compare_under_load("tiny.onnx", 64, {.intra_op_threads = 1, .memory = MemoryStrategy::system}, 500);
}

TEST(SessionThreads, SessionsComeAndGoWhileOthersRun) {
  const auto onda = test::runtime();
  const auto x = input_of(1, 64);
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto session = Session::open(onda, test::model_path("tiny.onnx"), {.intra_op_threads = 1});
        static_cast<void>(session.run(TensorView::of<float>({1, 64}, x)));
      }
    });
  }
}

}  // namespace
}  // namespace onda
