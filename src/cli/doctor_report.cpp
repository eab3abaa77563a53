#include "cli/doctor_report.h"

#include "cli/json_writer.h"
#include "cli/paragraph.h"
#include "cli/quantity.h"

namespace onda::cli {
namespace {

constexpr std::size_t kColumn = 16;
constexpr std::size_t kWidth = 100;

std::string heading(std::string_view title) { return std::string(title) + '\n'; }

std::string row(std::string_view name, std::string_view content) {
  std::string line = "  " + std::string(name);
  line += std::string(kColumn > line.size() ? kColumn - line.size() : 1, ' ');
  return line + wrapped(content, kColumn, kWidth) + '\n';
}

std::string joined(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text.empty() ? "none" : text;
}

std::string cores_text(const base::Machine& machine) {
  std::string text = std::to_string(machine.usable_cores) + " usable (" + std::to_string(machine.host_cores) +
                     " in the machine, " + std::to_string(machine.affinity_cores) + " in the affinity mask, ";
  text += machine.cgroup_cores ? "cgroup quota " + fixed(*machine.cgroup_cores, 2) : "no cgroup quota";
  return text + ")";
}

std::string memory_text(const base::Machine& machine) {
  std::string text = bytes_text(machine.usable_memory_bytes) + " usable (" +
                     bytes_text(machine.memory_bytes) + " in the machine, ";
  text += machine.cgroup_memory_bytes ? "cgroup limit " + bytes_text(*machine.cgroup_memory_bytes)
                                      : "no cgroup limit";
  return text + ")";
}

std::string limits_text(const base::Machine& machine) {
  return std::to_string(machine.open_files) + " open files, " +
         (machine.address_space_bytes ? "address space " + bytes_text(*machine.address_space_bytes)
                                      : std::string("address space unlimited"));
}

std::string machine_text(const base::Machine& machine) {
  return heading("Machine") + row("cpu", machine.cpu_model + " (" + machine.architecture + ")") +
         row("features", joined(machine.cpu_features)) + row("cores", cores_text(machine)) +
         row("memory", memory_text(machine)) + row("limits", limits_text(machine)) +
         row("kernel", machine.kernel);
}

std::string runtime_text(const DoctorReport& report) {
  std::string text = heading("ONNX Runtime");
  if (!report.runtime) {
    return text + row("found", "no: " + report.runtime_error) +
           row("looked in", joined(report.search_path, ", "));
  }
  const auto& info = *report.runtime;
  text += row("found", info.version + " at " + info.library.string());
  text += row("build", info.build_info);
  text += row("providers", joined(info.providers));
  text += row("memory", info.recycles_memory ? "recycling: Onda's allocator is registered"
                                             : "arena: Onda's allocator could not be registered");
  for (const auto& caveat : info.caveats) text += row("caveat", caveat);
  return text;
}

std::string gpu_text(const DoctorReport& report) {
  std::string text = heading("GPU");
  text +=
      row("driver", report.gpu.driver.empty() ? "no NVIDIA driver is loaded" : "NVIDIA " + report.gpu.driver);
  for (const auto& name : report.gpu.names) text += row("gpu", name);
  return text + row("libcuda", report.cuda_library.empty() ? "not found" : report.cuda_library);
}

std::string cache_text(const DoctorReport& report) {
  std::string state = report.cache_state;
  if (report.cache_entries > 0) state += ", " + bytes_text(report.cache_bytes);
  return heading("Prepared models") +
         row("directory", report.cache_directory.empty() ? "none: HOME is not set" : report.cache_directory) +
         row("state", state);
}

template <class T>
void member_or_null(JsonWriter& json, std::string_view name, const std::optional<T>& content) {
  json.key(name);
  if (content) {
    json.value(*content);
  } else {
    json.null();
  }
}

void member_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_row();
  for (const auto& word : words) json.value(word);
  json.end_array();
}

void write_machine(JsonWriter& json, const base::Machine& machine) {
  json.key("machine").begin_object();
  json.member("cpu", machine.cpu_model).member("architecture", machine.architecture);
  member_list(json, "cpu_features", machine.cpu_features);
  json.member("usable_cores", machine.usable_cores).member("host_cores", machine.host_cores);
  json.member("affinity_cores", machine.affinity_cores);
  member_or_null(json, "cgroup_cores", machine.cgroup_cores);
  json.member("usable_memory_bytes", machine.usable_memory_bytes)
      .member("memory_bytes", machine.memory_bytes);
  member_or_null(json, "cgroup_memory_bytes", machine.cgroup_memory_bytes);
  member_or_null(json, "address_space_bytes", machine.address_space_bytes);
  json.member("open_files", machine.open_files).member("kernel", machine.kernel);
  json.end_object();
}

void write_runtime(JsonWriter& json, const DoctorReport& report) {
  json.key("onnxruntime").begin_object().member("found", report.runtime.has_value());
  if (report.runtime) {
    json.member("version", report.runtime->version).member("library", report.runtime->library.string());
    json.member("build", report.runtime->build_info);
    member_list(json, "providers", report.runtime->providers);
    json.member("recycles_memory", report.runtime->recycles_memory);
    member_list(json, "caveats", report.runtime->caveats);
  } else {
    json.member("error", report.runtime_error);
  }
  member_list(json, "search_path", report.search_path);
  json.end_object();
}

}  // namespace

std::string doctor_text(const DoctorReport& report) {
  return "onda " + report.onda_version + " (" + report.commit + ")\n\n" + machine_text(report.machine) +
         '\n' + runtime_text(report) + '\n' + gpu_text(report) + '\n' + cache_text(report);
}

std::string doctor_json(const DoctorReport& report) {
  JsonWriter json;
  json.begin_object().member("version", report.onda_version).member("commit", report.commit);
  write_machine(json, report.machine);
  write_runtime(json, report);
  json.key("gpu").begin_object().member("driver", report.gpu.driver);
  member_list(json, "names", report.gpu.names);
  json.member("libcuda", report.cuda_library).end_object();
  json.key("cache").begin_object().member("directory", report.cache_directory);
  json.member("usable", report.cache_is_usable).member("state", report.cache_state);
  json.member("entries", report.cache_entries).member("bytes", report.cache_bytes);
  json.end_object().end_object();
  return json.finish();
}

}  // namespace onda::cli
