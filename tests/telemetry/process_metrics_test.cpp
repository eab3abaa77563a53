#include "telemetry/process_metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "support/temp_directory.h"

namespace onda::telemetry {
namespace {

using test::TempDirectory;

std::string written(const base::MachineRoot& root) {
  Exposition exposition;
  write_process_metrics(exposition, root);
  return exposition.text();
}

std::optional<double> value_of(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

TEST(ProcessMetrics, TellAboutThisProcess) {
  const std::string text = written({});
  EXPECT_GE(value_of(text, "process_cpu_seconds_total").value(), 0.0);
  EXPECT_GT(value_of(text, "process_resident_memory_bytes").value(), 100'000.0);
  EXPECT_GT(value_of(text, "process_virtual_memory_bytes").value(),
            value_of(text, "process_resident_memory_bytes").value());
  EXPECT_GE(value_of(text, "process_open_fds").value(), 3.0);
  EXPECT_GE(value_of(text, "process_max_fds").value(), 3.0);
  EXPECT_GE(value_of(text, "process_threads").value(), 1.0);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  // The kernel's clock since the boot and the one of the day drift apart by a little.
  EXPECT_NEAR(value_of(text, "process_start_time_seconds").value(), now, 600.0);
}

TEST(ProcessMetrics, ReadTheKernelsFields) {
  const TempDirectory directory;
  const auto hertz = sysconf(_SC_CLK_TCK);
  directory.write("self/stat", "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 " + std::to_string(3 * hertz) + " " +
                                   std::to_string(hertz / 2) + " 0 0 20 0 13 0 " + std::to_string(5 * hertz) +
                                   " 123456789 10 18446744073709551615 1\n");
  directory.write("stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n");
  directory.write("self/limits",
                  "Limit                     Soft Limit           Hard Limit           Units     \n"
                  "Max open files            1024                 524288               files     \n");
  directory.write("self/fd/0", "");
  directory.write("self/fd/1", "");
  const std::string text = written({.proc = directory.path()});
  EXPECT_EQ(value_of(text, "process_cpu_seconds_total"), 3.5);
  EXPECT_EQ(value_of(text, "process_threads"), 13);
  EXPECT_EQ(value_of(text, "process_start_time_seconds"), 1700000005);
  EXPECT_EQ(value_of(text, "process_virtual_memory_bytes"), 123456789);
  EXPECT_EQ(value_of(text, "process_resident_memory_bytes"),
            10.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(value_of(text, "process_open_fds"), 2);
  EXPECT_EQ(value_of(text, "process_max_fds"), 1024);
}

TEST(ProcessMetrics, NoLimitIsInfinite) {
  const TempDirectory directory;
  directory.write("self/limits",
                  "Max open files            unlimited            unlimited            files\n");
  EXPECT_NE(written({.proc = directory.path()}).find("\nprocess_max_fds +Inf\n"), std::string::npos);
}

TEST(ProcessMetrics, WhatCannotBeReadIsLeftOut) {
  const TempDirectory directory;
  EXPECT_EQ(written({.proc = directory / "absent"}), "");
  directory.write("self/stat", "7 (cut short) S 1 2");
  directory.write("self/limits", "Max open files");
  directory.write("stat", "btime soon");
  EXPECT_EQ(written({.proc = directory.path()}), "");
}

}  // namespace
}  // namespace onda::telemetry
