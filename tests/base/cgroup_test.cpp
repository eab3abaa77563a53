#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/temp_directory.h"

namespace onda::base {
namespace {

/// A directory that looks like /proc and /sys/fs/cgroup.
class FakeKernel {
 public:
  using Files = std::vector<std::pair<std::string, std::string>>;

  FakeKernel(const std::string& memberships, const std::string& mounts, const Files& groups) {
    directory_.write("proc/self/cgroup", memberships);
    directory_.write("proc/self/mountinfo", "22 28 0:20 / /proc rw - proc proc rw\n" + mounts);
    for (const auto& [name, content] : groups) directory_.write("cgroup/" + name, content + "\n");
  }
  [[nodiscard]] CgroupLimits limits() const { return cgroup_limits(root()); }
  [[nodiscard]] MachineRoot root() const {
    return {.proc = directory_ / "proc", .cgroup = directory_ / "cgroup"};
  }

 private:
  test::TempDirectory directory_;
};

constexpr const char* kVersion2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kVersion1 =
    "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory\n";

TEST(Cgroup2, ReadsQuotaAndMemory) {
  const FakeKernel kernel("0::/app\n", kVersion2,
                          {{"app/cpu.max", "150000 100000"}, {"app/memory.max", "1073741824"}});
  EXPECT_EQ(kernel.limits().cores, 1.5);
  EXPECT_EQ(kernel.limits().memory_bytes, 1073741824U);
}

TEST(Cgroup2, TakesMaxForNoLimit) {
  const FakeKernel kernel("0::/app\n", kVersion2, {{"app/cpu.max", "max 100000"}, {"app/memory.max", "max"}});
  EXPECT_EQ(kernel.limits().cores, std::nullopt);
  EXPECT_EQ(kernel.limits().memory_bytes, std::nullopt);
}

TEST(Cgroup2, TakesTheTightestOnTheWayUp) {
  const FakeKernel kernel("0::/a/b/c\n", kVersion2,
                          {{"a/cpu.max", "200000 100000"},
                           {"a/b/cpu.max", "max 100000"},
                           {"a/b/c/cpu.max", "800000 100000"},
                           {"a/memory.max", "4096"},
                           {"a/b/memory.max", "1024"},
                           {"a/b/c/memory.max", "2048"},
                           {"other/cpu.max", "1000 100000"}});
  EXPECT_EQ(kernel.limits().cores, 2.0);
  EXPECT_EQ(kernel.limits().memory_bytes, 1024U);
}

TEST(Cgroup2, ReadsTheRootOfANamespace) {
  const FakeKernel kernel("0::/\n", kVersion2, {{"cpu.max", "50000 100000"}});
  EXPECT_EQ(kernel.limits().cores, 0.5);
}

TEST(Cgroup2, StaysBelowTheMountWhenTheGroupLiesOutside) {
  const FakeKernel kernel("0::/../../elsewhere\n", kVersion2, {{"cpu.max", "300000 100000"}});
  EXPECT_EQ(kernel.limits().cores, 3.0);
}

TEST(Cgroup1, ReadsEachControllerWhereItIsMounted) {
  const FakeKernel kernel("5:memory:/m/inner\n4:cpu,cpuacct:/c\n1:name=systemd:/c\n", kVersion1,
                          {{"cpu,cpuacct/c/cpu.cfs_quota_us", "250000"},
                           {"cpu,cpuacct/c/cpu.cfs_period_us", "100000"},
                           {"memory/m/memory.limit_in_bytes", "536870912"},
                           {"memory/m/inner/memory.limit_in_bytes", "9223372036854771712"}});
  EXPECT_EQ(kernel.limits().cores, 2.5);
  EXPECT_EQ(kernel.limits().memory_bytes, 536870912U);
}

TEST(Cgroup1, TakesMinusOneAndHugeForNoLimit) {
  const FakeKernel kernel("5:memory:/\n4:cpu,cpuacct:/\n", kVersion1,
                          {{"cpu,cpuacct/cpu.cfs_quota_us", "-1"},
                           {"cpu,cpuacct/cpu.cfs_period_us", "100000"},
                           {"memory/memory.limit_in_bytes", "9223372036854771712"}});
  EXPECT_EQ(kernel.limits().cores, std::nullopt);
  EXPECT_EQ(kernel.limits().memory_bytes, std::nullopt);
}

TEST(Cgroup1, FindsAContainersGroupAtItsMount) {
  const FakeKernel kernel(
      "4:cpu,cpuacct:/docker/abc/inner\n",
      "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
      {{"cpu,cpuacct/cpu.cfs_quota_us", "100000"},
       {"cpu,cpuacct/cpu.cfs_period_us", "100000"},
       {"cpu,cpuacct/inner/cpu.cfs_quota_us", "400000"},
       {"cpu,cpuacct/inner/cpu.cfs_period_us", "100000"}});
  EXPECT_EQ(kernel.limits().cores, 1.0);
}

TEST(Cgroup1, TakesNoGroupWhoseNameOnlyBeginsAlike) {
  const FakeKernel kernel(
      "4:cpu,cpuacct:/docker/abcdef\n",
      "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
      {{"cpu,cpuacct/cpu.cfs_quota_us", "100000"},
       {"cpu,cpuacct/cpu.cfs_period_us", "100000"},
       {"cpu,cpuacct/def/cpu.cfs_quota_us", "10000"},
       {"cpu,cpuacct/def/cpu.cfs_period_us", "100000"}});
  EXPECT_EQ(kernel.limits().cores, 1.0);
}

TEST(CgroupMixture, TakesTheTighterOfBothVersions) {
  const FakeKernel kernel(
      "4:cpu,cpuacct:/c\n0::/u\n",
      std::string(kVersion1) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      {{"cpu,cpuacct/c/cpu.cfs_quota_us", "400000"},
       {"cpu,cpuacct/c/cpu.cfs_period_us", "100000"},
       {"unified/u/cpu.max", "300000 100000"},
       {"unified/memory.max", "8192"}});
  EXPECT_EQ(kernel.limits().cores, 3.0);
  EXPECT_EQ(kernel.limits().memory_bytes, 8192U);
}

TEST(CgroupMixture, ReadsMountPathsWithSpaces) {
  const FakeKernel kernel("0::/a\n", "30 23 0:26 / /sys/fs/cgroup/my\\040groups rw - cgroup2 cgroup2 rw\n",
                          {{"my groups/a/cpu.max", "100000 100000"}});
  EXPECT_EQ(kernel.limits().cores, 1.0);
}

TEST(CgroupMixture, SetsNoLimitByWhatIsAbsentOrNonsense) {
  const test::TempDirectory empty;
  const CgroupLimits none = cgroup_limits({.proc = empty / "proc", .cgroup = empty / "cgroup"});
  EXPECT_EQ(none.cores, std::nullopt);
  EXPECT_EQ(none.memory_bytes, std::nullopt);

  for (const char* quota :
       {"", "100000", "x 100000", "100000 0", "-5 100000", "1 2 3", "99999999999999999999 1"}) {
    const FakeKernel kernel("::\n0\n0::/app\n", std::string("- cgroup2\n1 - cgroup2 a b\n") + kVersion2,
                            {{"app/cpu.max", quota}, {"app/memory.max", "12 apples"}});
    EXPECT_EQ(kernel.limits().cores, std::nullopt) << quota;
    EXPECT_EQ(kernel.limits().memory_bytes, std::nullopt) << quota;
  }
}

TEST(CgroupMixture, ReadsTheMachineItRunsOn) {
  const CgroupLimits limits = cgroup_limits({});
  EXPECT_GT(limits.cores.value_or(1.0), 0.0);
}

}  // namespace
}  // namespace onda::base
