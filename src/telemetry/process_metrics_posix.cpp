#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/kernel_text.h"
#include "base/parse_number.h"
#include "telemetry/process_metrics.h"

namespace onda::telemetry {
namespace {

/// proc(5), /proc/pid/stat, counted from the field behind the program's name, the third.
enum class StatField : std::size_t {
  user_ticks = 11,
  system_ticks = 12,
  threads = 17,
  start_ticks = 19,
  virtual_bytes = 20,
  resident_pages = 21,
};

class ProcessStat {
 public:
  explicit ProcessStat(const base::MachineRoot& root) : text_(base::kernel_text(root.proc / "self/stat")) {
    // The name may hold blanks and brackets; nothing behind it does.
    const std::size_t end_of_name = text_.rfind(')');
    if (end_of_name != std::string::npos) {
      fields_ = base::split(base::trimmed(std::string_view(text_).substr(end_of_name + 1)), ' ');
    }
  }
  // The fields borrow from the text.
  ProcessStat(const ProcessStat&) = delete;
  ProcessStat& operator=(const ProcessStat&) = delete;

  [[nodiscard]] std::optional<std::uint64_t> operator[](StatField field) const {
    const auto at = static_cast<std::size_t>(field);
    return at < fields_.size() ? base::parse_number<std::uint64_t>(fields_[at]) : std::nullopt;
  }

 private:
  std::string text_;
  std::vector<std::string_view> fields_;
};

double positive_or_one(long value) { return value > 0 ? static_cast<double>(value) : 1.0; }
double ticks_per_second() { return positive_or_one(sysconf(_SC_CLK_TCK)); }

/// The rest of the first line that starts with `name`.
std::optional<std::string> line_of(const std::filesystem::path& file, std::string_view name) {
  const std::string text = base::kernel_text(file);
  for (const std::string_view line : base::split(text, '\n')) {
    if (line.starts_with(name)) return std::string(line.substr(name.size()));
  }
  return std::nullopt;
}

std::optional<double> boot_seconds(const base::MachineRoot& root) {
  const auto line = line_of(root.proc / "stat", "btime ");
  return line ? base::parse_number<double>(base::trimmed(*line)) : std::nullopt;
}

std::optional<double> most_open_files(const base::MachineRoot& root) {
  const auto line = line_of(root.proc / "self/limits", "Max open files");
  if (!line) return std::nullopt;
  const auto words = base::split(*line, ' ');
  if (words.empty()) return std::nullopt;
  if (words[0] == "unlimited") return std::numeric_limits<double>::infinity();
  return base::parse_number<double>(words[0]);
}

/// The one that the list is read through counts too.
std::optional<std::uint64_t> open_files(const base::MachineRoot& root) {
  std::error_code error;
  std::uint64_t count = 0;
  for (auto entry = std::filesystem::directory_iterator(root.proc / "self/fd", error);
       !error && entry != std::filesystem::end(entry); entry.increment(error)) {
    ++count;
  }
  return error ? std::nullopt : std::optional(count);
}

struct Family {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

template <class Number>
void write(Exposition& exposition, const Family& family, const std::optional<Number>& value) {
  if (!value) return;
  exposition.family(family.name, family.type, family.help).sample(family.name, {}, *value);
}

std::optional<double> cpu_seconds(const ProcessStat& stat) {
  const auto user = stat[StatField::user_ticks];
  const auto system = stat[StatField::system_ticks];
  if (!user || !system) return std::nullopt;
  return (static_cast<double>(*user) + static_cast<double>(*system)) / ticks_per_second();
}

std::optional<std::uint64_t> resident_bytes(const ProcessStat& stat) {
  const auto pages = stat[StatField::resident_pages];
  if (!pages) return std::nullopt;
  return *pages * static_cast<std::uint64_t>(positive_or_one(sysconf(_SC_PAGESIZE)));
}

std::optional<double> start_seconds(const ProcessStat& stat, const base::MachineRoot& root) {
  const auto ticks = stat[StatField::start_ticks];
  const auto boot = boot_seconds(root);
  if (!ticks || !boot) return std::nullopt;
  return *boot + static_cast<double>(*ticks) / ticks_per_second();
}

}  // namespace

void write_process_metrics(Exposition& exposition, const base::MachineRoot& root) {
  const ProcessStat stat(root);
  write(exposition,
        {"process_cpu_seconds_total", MetricType::counter,
         "User and system CPU time of the process, in seconds"},
        cpu_seconds(stat));
  write(exposition,
        {"process_resident_memory_bytes", MetricType::gauge,
         "Memory of the process that is resident, in bytes"},
        resident_bytes(stat));
  write(exposition,
        {"process_virtual_memory_bytes", MetricType::gauge, "Address space of the process, in bytes"},
        stat[StatField::virtual_bytes]);
  write(exposition, {"process_open_fds", MetricType::gauge, "Open file descriptors"}, open_files(root));
  write(exposition, {"process_max_fds", MetricType::gauge, "The most file descriptors that may be open"},
        most_open_files(root));
  write(exposition,
        {"process_start_time_seconds", MetricType::gauge,
         "When the process started, in seconds since the epoch"},
        start_seconds(stat, root));
  write(exposition, {"process_threads", MetricType::gauge, "Threads of the process"},
        stat[StatField::threads]);
}

}  // namespace onda::telemetry
