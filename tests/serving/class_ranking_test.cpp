#include "serving/class_ranking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "support/error_matchers.h"

namespace onda::serving {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

NamedTensor named(const char* name, Tensor tensor) { return {name, std::move(tensor)}; }

std::vector<std::size_t> indices(const std::vector<RankedClass>& ranked) {
  std::vector<std::size_t> result;
  for (const auto& one : ranked) result.push_back(one.index);
  return result;
}

TEST(ClassRanking, SoftmaxSumsToOneAndDoesNotOverflow) {
  const auto result = softmax(std::vector<double>{1000, 1001, 1002});
  EXPECT_NEAR(std::accumulate(result.begin(), result.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(result[2] / result[1], std::exp(1), 1e-9);
  EXPECT_TRUE(softmax({}).empty());
}

TEST(ClassRanking, RanksHighestFirstAndLowerIndexOfEquals) {
  EXPECT_EQ(indices(top_k(std::vector<double>{1, 3, 2, 3}, 3)), (std::vector<std::size_t>{1, 3, 2}));
  EXPECT_EQ(indices(top_k(std::vector<double>{1, 2}, 5)), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(indices(top_k(std::vector<double>{kNaN, -std::numeric_limits<double>::infinity(), 1}, 3)),
            (std::vector<std::size_t>{2, 1, 0}));
}

TEST(ClassRanking, FindsTheClassesInTheShape) {
  const std::vector<float> six = {1, 2, 3, 4, 5, 6};
  const auto rows_of = [&six](Shape shape) { return score_rows(Tensor::of<float>(std::move(shape), six)); };
  EXPECT_EQ(rows_of({2, 3}), (std::vector<std::vector<double>>{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(rows_of({6}).size(), 1U);
  EXPECT_EQ(rows_of({2, 3, 1, 1}).front().size(), 3U);
  EXPECT_EQ(rows_of({1, 2, 3}).size(), 2U);
  EXPECT_EQ(rows_of({6, 1}).front().size(), 1U);
}

TEST(ClassRanking, RefusesWhatHasNoClasses) {
  EXPECT_TRUE(test::throws_error([] { return score_rows(Tensor(DType::float32, Shape{})); },
                                 ErrorCode::shape_mismatch));
  EXPECT_TRUE(test::throws_error(
      [] {
        return score_rows(Tensor(DType::float32, Shape{1, 0}));
      },
      ErrorCode::shape_mismatch));
  EXPECT_TRUE(test::throws_error([] { return score_rows(Tensor(DType::string, Shape{2})); },
                                 ErrorCode::type_mismatch));
}

TEST(ClassRanking, ChoosesTheOutputThatFitsTheLabels) {
  std::vector<NamedTensor> outputs;
  outputs.push_back(named("words", Tensor(DType::string, Shape{1, 3})));
  outputs.push_back(named("features", Tensor(DType::float32, Shape{1, 8})));
  outputs.push_back(named("scores", Tensor(DType::float32, Shape{1, 3})));
  EXPECT_EQ(ranked_output(outputs, 3), 2U);
  EXPECT_EQ(ranked_output(outputs, 0), 1U);
  EXPECT_TRUE(
      test::throws_error([&] { return ranked_output(outputs, 99); }, ErrorCode::failed_precondition, "99"));
}

TEST(ClassRanking, TellsProbabilitiesFromScores) {
  EXPECT_TRUE(are_probabilities(std::vector<double>{0.5, 0.25, 0.25}, 1e-3));
  EXPECT_TRUE(are_probabilities(std::vector<double>{1, 0}, 1e-3));
  EXPECT_TRUE(are_probabilities(std::vector<double>{0.3333, 0.3333, 0.3333}, 1e-3));
  EXPECT_FALSE(are_probabilities(std::vector<double>{0.9, 0.9}, 1e-3));
  EXPECT_FALSE(are_probabilities(std::vector<double>{-0.5, 1.5}, 1e-3));
  EXPECT_FALSE(are_probabilities(std::vector<double>{0.5, 0.4}, 1e-3));
  EXPECT_FALSE(are_probabilities(std::vector<double>{1, kNaN}, 1e-3));
  EXPECT_FALSE(are_probabilities({}, 1e-3));
}

}  // namespace
}  // namespace onda::serving
