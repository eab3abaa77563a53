#include "bench/harness/child_process.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace onda::bench {
namespace {

TEST(RunChild, ReturnsOutputAndTimesInOrder) {
  const auto run = run_child({"/bin/sh", "-c", "echo $GREETING; echo end"}, {"GREETING=hello"});
  EXPECT_EQ(run.output, "hello\nend\n");
  EXPECT_GT(run.first_output_ms, 0);
  EXPECT_GE(run.exit_ms, run.first_output_ms);
}

// The child is busy for a while after its first line.
TEST(RunChild, TellsFirstOutputFromExit) {
  const auto run =
      run_child({"/bin/sh", "-c", "echo first; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"});
  EXPECT_GT(run.exit_ms, run.first_output_ms + 1);
}

TEST(RunChild, ReportsWhatFails) {
  EXPECT_THROW((void)run_child({"/bin/sh", "-c", "echo x; exit 3"}), std::runtime_error);
  EXPECT_THROW((void)run_child({"/bin/sh", "-c", "echo x; kill -9 $$"}), std::runtime_error);
  EXPECT_THROW((void)run_child({"/bin/sh", "-c", ":"}), std::runtime_error);
  EXPECT_THROW((void)run_child({"/no/such/program"}), std::runtime_error);
}

}  // namespace
}  // namespace onda::bench
