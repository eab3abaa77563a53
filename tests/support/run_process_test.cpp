#include "support/run_process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <system_error>

#include "support/temp_directory.h"

namespace onda::test {
namespace {

using std::chrono::milliseconds;

TEST(RunProcess, CollectsBothStreamsAndTheExitCode) {
  const ProcessResult result = run_process({"sh", "-c", "echo one; echo two >&2; exit 3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "one\n");
  EXPECT_EQ(result.err, "two\n");
  EXPECT_FALSE(result.timed_out);
}

TEST(RunProcess, MovesMoreThanAPipeHolds) {
  const std::string input(1'000'000, 'x');
  EXPECT_EQ(run_process({"cat"}, {.input = input}).out, input);
}

TEST(RunProcess, OutlivesAProgramThatDoesNotReadItsInput) {
  EXPECT_EQ(run_process({"true"}, {.input = std::string(1'000'000, 'x')}).exit_code, 0);
}

TEST(RunProcess, SetsAndRemovesVariablesAndTheDirectory) {
  const TempDirectory directory;
  const ProcessResult result = run_process(
      {"sh", "-c", "echo \"$ONDA_A ${HOME-none} $(pwd -P)\""},
      {.environment = {{"ONDA_A", "1"}, {"HOME", std::nullopt}}, .working_directory = directory.path()});
  EXPECT_EQ(result.out, "1 none " + directory.path().string() + "\n");
}

TEST(RunProcess, KillsWhatDoesNotEndWithAllItStarted) {
  const ProcessResult result =
      run_process({"sh", "-c", "sleep 1000 & wait"}, {.time_limit = milliseconds(100)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(RunProcess, KillsWhatHasClosedItsOutputs) {
  const ProcessResult result =
      run_process({"sh", "-c", "exec >&- 2>&-; sleep 1000"}, {.time_limit = milliseconds(100)});
  EXPECT_TRUE(result.timed_out);
}

TEST(RunProcess, ThrowsWhereThereIsNoSuchProgram) {
  EXPECT_THROW((void)run_process({"/no/such/program"}), std::system_error);
}

TEST(TempDirectory, IsRemovedWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    const TempDirectory directory;
    path = directory.path();
    directory.write("a/b/c.txt", "text");
    std::filesystem::permissions(path / "a/b", std::filesystem::perms::none);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace onda::test
