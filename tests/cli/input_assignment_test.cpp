#include "cli/input_assignment.h"

#include <gtest/gtest.h>

#include "cli/usage_error.h"
#include "support/error_matchers.h"

namespace onda::cli {
namespace {

using Runs = std::vector<std::vector<AssignedInput>>;

ValueInfo input(std::string name, bool is_optional = false) {
  ValueInfo info;
  info.name = std::move(name);
  info.optional = is_optional;
  return info;
}

const std::vector<ValueInfo> kOne = {input("x")};
const std::vector<ValueInfo> kTwo = {input("ids"), input("mask")};

Runs assign(std::vector<std::string> given, const std::vector<ValueInfo>& inputs, bool exists = false) {
  return assign_inputs(given, inputs, [exists](const std::string&) { return exists; });
}

TEST(InputAssignment, GivesUnnamedFilesToTheOneInputInTurn) {
  EXPECT_EQ(assign({"a.png"}, kOne), (Runs{{{0, "a.png"}}}));
  EXPECT_EQ(assign({"a.png", "b.png"}, kOne), (Runs{{{0, "a.png"}}, {{0, "b.png"}}}));
}

TEST(InputAssignment, GivesNamedFilesToTheirInputs) {
  EXPECT_EQ(assign({"mask=m.npy", "ids=i.npy"}, kTwo), (Runs{{{1, "m.npy"}, {0, "i.npy"}}}));
  EXPECT_EQ(assign({"mask=m.npy", "i.npy", "j.npy"}, kTwo),
            (Runs{{{1, "m.npy"}, {0, "i.npy"}}, {{1, "m.npy"}, {0, "j.npy"}}}));
}

TEST(InputAssignment, KnowsEqualsSignsInNamesAndFiles) {
  EXPECT_EQ(assign({"a=b=c=d"}, {input("a=b")}), (Runs{{{0, "c=d"}}}));
  EXPECT_EQ(assign({"a=1.png"}, kOne, true), (Runs{{{0, "a=1.png"}}}));
}

TEST(InputAssignment, LeavesOutInputsWithADefault) {
  EXPECT_EQ(assign({"a"}, {input("x"), input("w", true)}), (Runs{{{0, "a"}}}));
  EXPECT_EQ(assign({}, {input("w", true)}), (Runs{{}}));
  EXPECT_EQ(assign({}, {}), (Runs{{}}));
}

TEST(InputAssignment, RefusesUnknownRepeatedAndMissingInputs) {
  const auto invalid = ErrorCode::invalid_argument;
  EXPECT_TRUE(test::throws_error([] { return assign({"msk=a"}, kTwo); }, invalid, "no input \"msk\"",
                                 "did you mean mask?", "\"ids\" and \"mask\""));
  EXPECT_TRUE(test::throws_error(
      [] {
        return assign({"ids=a", "ids=b", "mask=c"}, kTwo);
      },
      invalid, "twice"));
  EXPECT_TRUE(test::throws_error([] { return assign({"ids=a"}, kTwo); }, invalid, "\"mask\" is missing",
                                 "mask=FILE"));
  EXPECT_TRUE(test::throws_error([] { return assign({"a"}, kTwo); }, invalid, "NAME=FILE"));
  EXPECT_TRUE(test::throws_error([] { return assign({"a"}, {}); }, invalid, "no inputs"));
  EXPECT_THROW((void)assign({"-", "-"}, kOne), UsageError);
  EXPECT_THROW((void)assign({"ids=-", "mask=-"}, kTwo), UsageError);
}

TEST(InputAssignment, SplitsOtherFlagsByTheSameNames) {
  EXPECT_EQ(split_name("mask=1,3", kTwo).input, 1U);
  EXPECT_EQ(split_name("mask=1,3", kTwo).text, "1,3");
  EXPECT_EQ(split_name("1,3", kTwo).input, 0U);
  EXPECT_TRUE(test::throws_error([] { return split_name("msk=1", kTwo); }, ErrorCode::invalid_argument));
}

}  // namespace
}  // namespace onda::cli
