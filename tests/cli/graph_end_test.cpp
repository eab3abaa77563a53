#include "cli/graph_end.h"

#include <gtest/gtest.h>

#include <string>

#include "support/error_matchers.h"
#include "support/paths.h"

namespace onda::cli {
namespace {

std::string model(const std::string& name) {
  return (test::source_dir() / "tests/data/models" / name).string();
}

std::string field(int number, const std::string& content) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(content.size()) + content;
}

std::string node(const std::string& type, const std::string& input, const std::string& output) {
  return field(1, field(1, input) + field(2, output) + field(4, type));
}

bool ends(const std::string& nodes, const std::string& output) {
  const std::string bytes = field(7, nodes);
  return ends_in_softmax(std::as_bytes(std::span(bytes)), output);
}

TEST(GraphEnd, SeesTheSoftmaxOfRealModels) {
  EXPECT_TRUE(ends_in_softmax(model("tiny.onnx"), "y"));
  EXPECT_TRUE(ends_in_softmax(test::source_dir() / "examples/digits/digits.onnx", "probabilities"));
  EXPECT_FALSE(ends_in_softmax(model("no_softmax.onnx"), "y"));
  EXPECT_FALSE(ends_in_softmax(model("tiny.onnx"), "another output"));
}

TEST(GraphEnd, LooksThroughWhatOnlyReshapesOrCasts) {
  EXPECT_TRUE(ends(node("Softmax", "a", "b") + node("Reshape", "b", "c") + node("Identity", "c", "d"), "d"));
  EXPECT_FALSE(ends(node("Softmax", "a", "b") + node("Relu", "b", "c"), "c"));
  EXPECT_FALSE(ends(node("LogSoftmax", "a", "b"), "b"));
  EXPECT_FALSE(ends(node("Softmax", "a", "b") + node("Add", "x", "y"), "y"));
}

TEST(GraphEnd, EndsOnAGraphThatGoesInCircles) {
  EXPECT_FALSE(ends(node("Identity", "a", "b") + node("Identity", "b", "a"), "a"));
  EXPECT_FALSE(ends(node("Identity", "a", "a"), "a"));
}

TEST(GraphEnd, TakesOtherFilesForNoSoftmaxOrRefusesThem) {
  const std::string ort("\x20\0\0\0ORTMxxxx", 12);
  EXPECT_FALSE(ends_in_softmax(std::as_bytes(std::span(ort)), "y"));
  EXPECT_FALSE(ends_in_softmax(std::span<const std::byte>(), "y"));
  const std::string broken = field(7, node("Softmax", "a", "b")).substr(0, 10);
  EXPECT_TRUE(test::throws_error([&] { return ends_in_softmax(std::as_bytes(std::span(broken)), "b"); },
                                 ErrorCode::data_loss));
  EXPECT_TRUE(
      test::throws_error([] { return ends_in_softmax("/nowhere/at.all", "b"); }, ErrorCode::not_found));
}

}  // namespace
}  // namespace onda::cli
