#include "cli/tensor_summary.h"

#include <gtest/gtest.h>

#include <limits>

#include "cli/paragraph.h"

namespace onda::cli {
namespace {

TEST(TensorSummary, ShowsShapeRangeAndFirstElements) {
  const std::vector<float> values = {1, -2.5F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(summarize_tensor("y", Tensor::of<float>(Shape{3}, values)),
            "y  float32 [3]  min -2.5  max 1  mean -0.75  NaN 1\n  1 -2.5 NaN\n");
}

TEST(TensorSummary, ShowsStringsScalarsAndNothing) {
  EXPECT_EQ(summarize_tensor("s", Tensor::of_strings(Shape{2}, {"a b", "c"})),
            "s  string [2]\n  \"a b\" \"c\"\n");
  EXPECT_EQ(summarize_tensor("n", Tensor::of<std::int64_t>(Shape{}, std::vector<std::int64_t>{7})),
            "n  int64 []\n  7\n");
  EXPECT_EQ(summarize_tensor("e", Tensor(DType::float32, Shape{0, 3})), "e  float32 [0,3]\n");
}

TEST(TensorSummary, StaysOnOneLine) {
  const std::string text =
      summarize_tensor("y", Tensor::of<float>(Shape{1000}, std::vector<float>(1000, 0.123F)));
  EXPECT_LE(text_width(text.substr(text.find('\n') + 1)), 100U);
  EXPECT_TRUE(text.ends_with(" …\n"));
}

}  // namespace
}  // namespace onda::cli
