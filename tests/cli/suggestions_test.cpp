#include "cli/suggestions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace onda::cli {
namespace {

const std::vector<std::string> kFlags = {"threads", "timeout", "top", "labels", "onnxruntime"};

TEST(Suggestions, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("threads", "threads"), 0U);
  EXPECT_EQ(edit_distance("treads", "threads"), 1U);
  EXPECT_EQ(edit_distance("thraeds", "threads"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggestions, FindsTheNearestWordInAnyCase) {
  EXPECT_EQ(nearest("treads", kFlags), "threads");
  EXPECT_EQ(nearest("THREADS", kFlags), "threads");
  EXPECT_EQ(nearest("label", kFlags), "labels");
}

TEST(Suggestions, TakesTheBeginningOfAWordForTheWord) { EXPECT_EQ(nearest("onnx", kFlags), "onnxruntime"); }

TEST(Suggestions, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(nearest("zzzzzz", kFlags), std::nullopt);
  EXPECT_EQ(nearest("", kFlags), std::nullopt);
  EXPECT_EQ(nearest("x", std::vector<std::string>{"y"}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 't'), kFlags), std::nullopt);
  EXPECT_EQ(did_you_mean("zzzzzz", kFlags), "");
}

TEST(Suggestions, WritesTheQuestion) {
  EXPECT_EQ(did_you_mean("treads", kFlags, "--"), "; did you mean --threads?");
}

TEST(Suggestions, ListsWordsAsASentenceDoes) {
  EXPECT_EQ(listed(std::vector<std::string>{}), "");
  EXPECT_EQ(listed(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(listed(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace onda::cli
