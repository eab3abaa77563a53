#include "base/machine.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "support/in_child.h"
#include "support/run_process.h"
#include "support/temp_directory.h"

namespace onda::base {
namespace {

using test::TempDirectory;

MachineRoot root_with_quota(const TempDirectory& directory, const std::string& quota) {
  directory.write("proc/self/cgroup", "0::/app\n");
  directory.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  directory.write("cgroup/app/cpu.max", quota + "\n");
  return {.proc = directory / "proc", .cgroup = directory / "cgroup"};
}

/// The first core that this process may use.
int first_core() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  EXPECT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &mask)) return core;
  }
  return 0;
}

TEST(Machine, TellsAboutTheOneItRunsOn) {
  const Machine machine = inspect_machine();
  EXPECT_EQ(machine.host_cores, sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_GE(machine.affinity_cores, 1);
  EXPECT_GE(machine.usable_cores, 1);
  EXPECT_LE(machine.usable_cores, machine.affinity_cores);
  EXPECT_EQ(machine.usable_cores, usable_cores());
  EXPECT_GT(machine.memory_bytes, std::uint64_t{64} << 20U);
  EXPECT_GT(machine.usable_memory_bytes, 0U);
  EXPECT_LE(machine.usable_memory_bytes, machine.memory_bytes);
  EXPECT_GT(machine.open_files, 2U);
  EXPECT_FALSE(machine.architecture.empty());
  EXPECT_TRUE(machine.kernel.starts_with("Linux ")) << machine.kernel;
  EXPECT_TRUE(std::is_sorted(machine.cpu_features.begin(), machine.cpu_features.end()));
  EXPECT_FALSE(machine.cpu_features.empty());
}

TEST(Machine, RoundsAFractionOfACoreUp) {
  const TempDirectory directory;
  for (const auto& [quota, cores] : {std::pair("10000 100000", 1),
                                     {"100000 100000", 1},
                                     {"100001 100000", 2},
                                     {"150000 100000", 2},
                                     {"100000000 100000", 1000}}) {
    const Machine machine = inspect_machine(root_with_quota(directory, quota));
    EXPECT_EQ(machine.usable_cores, std::min(cores, machine.affinity_cores)) << quota;
    EXPECT_EQ(usable_cores(root_with_quota(directory, quota)), machine.usable_cores) << quota;
  }
}

TEST(Machine, BoundsTheQuotaByTheAffinity) {
  const TempDirectory directory;
  const MachineRoot root = root_with_quota(directory, "800000 100000");
  EXPECT_EQ(test::in_child([&] {
              cpu_set_t one;
              CPU_ZERO(&one);
              CPU_SET(first_core(), &one);
              if (sched_setaffinity(0, sizeof(one), &one) != 0) return 100;
              return inspect_machine(root).usable_cores;
            }),
            1);
}

TEST(Machine, CountsOneCoreUnderTaskset) {
  // This program again, in the role of the test below.
  const auto result = test::run_process({"taskset", "-c", std::to_string(first_core()),
                                         test::this_program().string(), "--gtest_filter=MachineRole.*"},
                                        {.environment = {{"ONDA_TEST_CORES", "1"}}});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(MachineRole, HasTheCoresOfItsMask) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  ASSERT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
  const char* told = std::getenv("ONDA_TEST_CORES");
  EXPECT_EQ(inspect_machine().affinity_cores, told == nullptr ? CPU_COUNT(&mask) : std::atoi(told));
}

TEST(Machine, ReadsModelFeaturesAndMemory) {
  const TempDirectory directory;
  directory.write("proc/cpuinfo",
                  "processor\t: 0\nmodel name\t: Example CPU @ 2.0GHz\n"
                  "flags\t\t: fpu vme avx512f sse2 avx2 fma aes rdrand sse2\n\n"
                  "processor\t: 1\nmodel name\t: Another\nflags\t\t: avx\n");
  directory.write("proc/meminfo", "MemTotal:       2048 kB\nMemFree:  1 kB\n");
  const Machine machine = inspect_machine({.proc = directory / "proc", .cgroup = directory / "cgroup"});
  EXPECT_EQ(machine.cpu_model, "Example CPU @ 2.0GHz");
  EXPECT_EQ(machine.cpu_features, (std::vector<std::string>{"aes", "avx2", "avx512f", "fma", "sse2"}));
  EXPECT_EQ(machine.memory_bytes, 2048U * 1024U);
  EXPECT_EQ(machine.usable_memory_bytes, 2048U * 1024U);
}

TEST(Machine, BoundsMemoryByTheGroup) {
  const TempDirectory directory;
  const MachineRoot root = root_with_quota(directory, "max 100000");
  directory.write("cgroup/app/memory.max", "1048576\n");
  const Machine machine = inspect_machine(root);
  EXPECT_EQ(machine.cgroup_memory_bytes, 1048576U);
  EXPECT_EQ(machine.usable_memory_bytes, 1048576U);
}

TEST(Machine, KeepsDefaultsWhereNothingIsTold) {
  const TempDirectory empty;
  const Machine machine = inspect_machine({.proc = empty / "proc", .cgroup = empty / "cgroup"});
  EXPECT_EQ(machine.cgroup_cores, std::nullopt);
  EXPECT_EQ(machine.cpu_model, "");
  EXPECT_TRUE(machine.cpu_features.empty());
  EXPECT_EQ(machine.usable_cores, machine.affinity_cores);
  EXPECT_GT(machine.memory_bytes, 0U);
}

}  // namespace
}  // namespace onda::base
