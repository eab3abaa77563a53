#include "cli/output_plan.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/usage_error.h"
#include "support/error_matchers.h"
#include "support/temp_directory.h"

namespace onda::cli {
namespace {

using Plan = std::vector<PlannedOutput>;

std::vector<ValueInfo> outputs(std::initializer_list<const char*> names) {
  std::vector<ValueInfo> result(names.size());
  std::size_t i = 0;
  for (const auto* name : names) result[i++].name = name;
  return result;
}

Plan plan(std::vector<std::string> given, const std::vector<ValueInfo>& of, bool has_several_runs = false) {
  return plan_outputs({std::move(given), std::nullopt}, of, "cat", has_several_runs);
}

TEST(OutputPlan, WritesTheOnlyOutputByExtension) {
  EXPECT_EQ(plan({"y.npy"}, outputs({"y"})), (Plan{{0, "y.npy", TensorFormat::npy}}));
  EXPECT_EQ(plan({"y.pb", "-"}, outputs({"y"})),
            (Plan{{0, "y.pb", TensorFormat::tensor_proto}, {0, "-", TensorFormat::json}}));
  const OutputRequest request{{"y"}, TensorFormat::raw};
  EXPECT_EQ(plan_outputs(request, outputs({"y"}), "", false), (Plan{{0, "y", TensorFormat::raw}}));
}

TEST(OutputPlan, PicksOutputsByName) {
  EXPECT_EQ(plan({"b=b.npy"}, outputs({"a", "b"})), (Plan{{1, "b.npy", TensorFormat::npy}}));
}

TEST(OutputPlan, PutsAllOutputsIntoADirectoryOrOneJsonFile) {
  EXPECT_EQ(plan({"out/"}, outputs({"a", "x/y:0"})), (Plan{{0, "out/a.npy", TensorFormat::npy, "out/"},
                                                           {1, "out/x_y_0.npy", TensorFormat::npy, "out/"}}));
  EXPECT_EQ(plan({"all.json"}, outputs({"a", "b"})), (Plan{{std::nullopt, "all.json", TensorFormat::json}}));
  EXPECT_EQ(plan({"out/"}, outputs({"a"}), true), (Plan{{0, "out/cat.a.npy", TensorFormat::npy, "out/"}}));
}

TEST(OutputPlan, RefusesWhatIsOpen) {
  EXPECT_THROW((void)plan({"y"}, outputs({"y"})), UsageError);
  EXPECT_THROW((void)plan({"y.npy"}, outputs({"a", "b"})), UsageError);
  EXPECT_THROW((void)plan({"y.npy"}, outputs({"y"}), true), UsageError);
  EXPECT_TRUE(test::throws_error([] { return plan({"probs=y.npy"}, outputs({"prob"})); },
                                 ErrorCode::invalid_argument, "no output \"probs\"", "did you mean prob?"));
}

TEST(OutputPlan, RefusesTwoOutputsInOneFile) {
  EXPECT_TRUE(test::throws_error(
      [] {
        return plan({"out/"}, outputs({"x/y", "x:y"}));
      },
      ErrorCode::invalid_argument, "out/x_y.npy"));
  EXPECT_TRUE(test::throws_error(
      [] {
        return plan({"a=z.npy", "b=z.npy"}, outputs({"a", "b"}));
      },
      ErrorCode::invalid_argument, "z.npy"));
  EXPECT_EQ(plan({"a=-", "b=-"}, outputs({"a", "b"})).size(), 2U) << "one after the other";
}

TEST(OutputPlan, RefusesTwoInputsWhoseOutputsWouldHaveOneName) {
  const OutputRequest request{{"out/"}, std::nullopt};
  const std::vector<std::string> same = {"cat", "dog", "cat"};
  EXPECT_TRUE(test::throws_error([&] { require_own_files(request, outputs({"y"}), same); },
                                 ErrorCode::invalid_argument, "out/cat.y.npy"));
  const std::vector<std::string> other = {"cat", "dog"};
  EXPECT_NO_THROW(require_own_files(request, outputs({"y"}), other));
}

TEST(OutputPlan, KeepsNamesInsideTheDirectory) {
  EXPECT_EQ(file_name_of("../../etc/passwd"), "_.._.._etc_passwd");
  EXPECT_EQ(file_name_of(""), "_");
  EXPECT_EQ(file_name_of(".."), "_..");
}

TEST(OutputPlan, ReplacesFilesButNeverDevices) {
  const test::TempDirectory directory;
  const auto file = directory.write("y.json", "old");
  write_output(file.string(), "new");
  std::ifstream stream(file);
  std::string text;
  stream >> text;
  EXPECT_EQ(text, "new");
  write_output("/dev/null", "gone");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THROW(write_output("/dev/full", "x"), Error);
  EXPECT_THROW(write_output((directory / "absent" / "y.json").string(), "x"), Error);
}

}  // namespace
}  // namespace onda::cli
