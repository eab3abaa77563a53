#include "base/cgroup.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/kernel_text.h"
#include "base/parse_number.h"

namespace onda::base {
namespace {

namespace fs = std::filesystem;

/// Version 1 says "no limit" by the largest multiple of a page that a long holds.
constexpr std::uint64_t kNoMemoryLimit = std::uint64_t{1} << 60U;
/// Where mountinfo says that the system's groups are, whatever directory stands for it in a test.
constexpr std::string_view kSystemMount = "/sys/fs/cgroup";

/// A group that this process is in, and what the group decides.
struct Group {
  fs::path directory;
  fs::path top;  ///< nothing above it can be seen
  bool is_version_2 = false;
  bool has_cpu = false;
  bool has_memory = false;
};

struct Membership {
  std::vector<std::string_view> controllers;  ///< empty: version 2
  std::string_view path;
};

struct Mount {
  std::string root;   ///< the group that is mounted
  std::string point;  ///< where
  bool is_version_2 = false;
  std::vector<std::string_view> options;  ///< of version 1: its controllers among others
};

bool contains(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// "4:cpu,cpuacct:/a/b" or "0::/a/b".
std::optional<Membership> parse_membership(std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  Membership result{.controllers = split(line.substr(first + 1, second - first - 1), ','),
                    .path = line.substr(second + 1)};
  return result;
}

/// "36 35 0:30 /root /mount/point rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct"
std::optional<Mount> parse_mount(std::string_view line) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, separator), ' ');
  const auto after = split(line.substr(separator + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return std::nullopt;
  if (after[0] != "cgroup" && after[0] != "cgroup2") return std::nullopt;
  return Mount{.root = unescape_mount_path(before[3]),
               .point = unescape_mount_path(before[4]),
               .is_version_2 = after[0] == "cgroup2",
               .options = split(after[2], ',')};
}

/// The group's directory below the mount; the mount itself where the group lies outside of what is mounted.
fs::path directory_of(const fs::path& point, const std::string& mounted, std::string_view group) {
  std::string_view rest = group;
  if (mounted != "/") {
    if (!rest.starts_with(mounted)) return point;
    rest.remove_prefix(mounted.size());
    if (!rest.empty() && rest.front() != '/') return point;
  }
  const fs::path relative = fs::path(rest).relative_path();
  if (std::find(relative.begin(), relative.end(), fs::path("..")) != relative.end()) return point;
  return relative.empty() ? point : point / relative;
}

fs::path point_below(const MachineRoot& root, const std::string& point) {
  if (point == kSystemMount) return root.cgroup;
  if (point.starts_with(std::string(kSystemMount) + "/"))
    return root.cgroup / point.substr(kSystemMount.size() + 1);
  return point;
}

std::vector<Group> groups_of(const MachineRoot& root, const std::string& memberships,
                             const std::string& mounts) {
  std::vector<Mount> mounted;
  for (const std::string_view line : split(mounts, '\n')) {
    if (auto mount = parse_mount(line)) mounted.push_back(std::move(*mount));
  }
  std::vector<Group> groups;
  for (const std::string_view line : split(memberships, '\n')) {
    const auto membership = parse_membership(line);
    if (!membership) continue;
    const bool is_version_2 = membership->controllers.empty();
    for (const Mount& mount : mounted) {
      if (mount.is_version_2 != is_version_2) continue;
      const auto decides = [&](std::string_view controller) {
        return is_version_2 ||
               (contains(membership->controllers, controller) && contains(mount.options, controller));
      };
      if (!decides("cpu") && !decides("memory")) continue;
      const fs::path point = point_below(root, mount.point);
      groups.push_back({.directory = directory_of(point, mount.root, membership->path),
                        .top = point,
                        .is_version_2 = is_version_2,
                        .has_cpu = decides("cpu"),
                        .has_memory = decides("memory")});
    }
  }
  return groups;
}

std::optional<double> quota_over_period(std::string_view quota, std::string_view period) {
  const auto time = parse_number<std::int64_t>(quota);
  const auto span = parse_number<std::int64_t>(period);
  if (!time || !span || *time <= 0 || *span <= 0) return std::nullopt;
  return static_cast<double>(*time) / static_cast<double>(*span);
}

std::optional<double> cores_at(const fs::path& directory, bool is_version_2) {
  if (is_version_2) {
    const std::string text = kernel_text(directory / "cpu.max");
    const auto words = split(trimmed(text), ' ');
    return words.size() == 2 ? quota_over_period(words[0], words[1]) : std::nullopt;
  }
  return quota_over_period(trimmed(kernel_text(directory / "cpu.cfs_quota_us")),
                           trimmed(kernel_text(directory / "cpu.cfs_period_us")));
}

std::optional<std::uint64_t> memory_at(const fs::path& directory, bool is_version_2) {
  const std::string text = kernel_text(directory / (is_version_2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto bytes = parse_number<std::uint64_t>(trimmed(text));
  return bytes && *bytes < kNoMemoryLimit ? bytes : std::nullopt;
}

template <class T>
void tighten(std::optional<T>& limit, const std::optional<T>& other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

}  // namespace

CgroupLimits cgroup_limits(const MachineRoot& root) {
  const std::string memberships = kernel_text(root.proc / "self/cgroup");
  const std::string mounts = kernel_text(root.proc / "self/mountinfo");
  CgroupLimits limits;
  for (const Group& group : groups_of(root, memberships, mounts)) {
    for (fs::path at = group.directory;; at = at.parent_path()) {
      if (group.has_cpu) tighten(limits.cores, cores_at(at, group.is_version_2));
      if (group.has_memory) tighten(limits.memory_bytes, memory_at(at, group.is_version_2));
      if (at == group.top || !at.has_relative_path()) break;
    }
  }
  return limits;
}

}  // namespace onda::base
