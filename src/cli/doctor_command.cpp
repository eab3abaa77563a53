#include <filesystem>

#include "base/shared_library.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/doctor_report.h"
#include "cli/runtime_flags.h"
#include "onda/error.h"
#include "onda/prepared_model.h"
#include "onda/version.h"

namespace onda::cli {
namespace {

void find_runtime(const RuntimeFlags& flags, DoctorReport& report) {
  for (const auto& place : Runtime::search_path(flags.options()))
    report.search_path.push_back(place.string());
  try {
    report.runtime = flags.initialize().info();
  } catch (const Error& error) {
    report.runtime_error = error.what();
  }
}

/// Opens the driver's library, as ONNX Runtime would, and calls nothing in it.
std::string find_cuda() {
  try {
    return base::SharedLibrary("libcuda.so.1").file().string();
  } catch (const Error&) {
    return {};
  }
}

void look_at_cache(DoctorReport& report) {
  const PreparedModels cache;
  report.cache_directory = cache.directory().string();
  if (report.cache_directory.empty()) {
    report.cache_state = "not used";
    return;
  }
  try {
    for (const auto& entry : cache.list()) {
      report.cache_bytes += entry.bytes;
      ++report.cache_entries;
    }
    report.cache_is_usable = true;
    report.cache_state = report.cache_entries == 0 ? "empty"
                         : report.cache_entries == 1
                             ? "1 prepared model"
                             : std::to_string(report.cache_entries) + " prepared models";
  } catch (const Error& error) {
    report.cache_state = error.what();
  }
}

}  // namespace

ExitCode doctor_command(std::span<const std::string> arguments) {
  RuntimeFlags runtime_flags;
  bool as_json = false;
  CommandLine line(
      {"doctor",
       "[FLAGS]",
       "Shows what this machine has, and what Onda makes of it.",
       "CPU features, usable cores and memory under cgroup and affinity, ONNX Runtime and where it was "
       "found or looked for, execution providers, GPU and driver, the cache of prepared models. Ends "
       "with 0 also where something is missing.",
       {{"onda doctor", "A page to read, or to attach to a bug report."},
        {"onda doctor --json | jq .onnxruntime.version", "One figure of it, for a script."}}});
  line.group("Output");
  line.flag({"json", "", "Print one JSON object."}, as_json);
  runtime_flags.add_to(line);
  if (line.parse(arguments) == CommandLine::Parsed::help) {
    print(line.help());
    return ExitCode::done;
  }

  DoctorReport report;
  report.onda_version = version();
  report.commit = build_commit();
  find_runtime(runtime_flags, report);
  report.machine = base::inspect_machine();
  report.gpu = inspect_gpus();
  report.cuda_library = find_cuda();
  look_at_cache(report);
  print(as_json ? doctor_json(report) : doctor_text(report));
  return ExitCode::done;
}

}  // namespace onda::cli
