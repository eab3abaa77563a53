#include "cli/gpu_report.h"

#include <gtest/gtest.h>

#include "support/temp_directory.h"

namespace onda::cli {
namespace {

TEST(GpuReport, ReadsWhatTheDriverSays) {
  const test::TempDirectory proc;
  proc.write("driver/nvidia/version",
             "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC "
             "version:\n");
  proc.write("driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nIRQ:   \t\t 80\n");
  proc.write("driver/nvidia/gpus/0000:02:00.0/information", "IRQ: 81\n");
  const GpuReport report = inspect_gpus(proc.path());
  EXPECT_EQ(report.driver, "550.54.15");
  EXPECT_EQ(report.names, (std::vector<std::string>{"NVIDIA H100", "unknown"}));
}

TEST(GpuReport, FindsNothingWhereThereIsNothing) {
  const test::TempDirectory proc;
  const GpuReport report = inspect_gpus(proc.path());
  EXPECT_EQ(report.driver, "");
  EXPECT_TRUE(report.names.empty());
}

}  // namespace
}  // namespace onda::cli
