#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/inspect_report.h"
#include "cli/repository_report.h"
#include "cli/runtime_flags.h"
#include "cli/session_flags.h"
#include "onda/error.h"

namespace onda::cli {
namespace {

/// The report names the model already, so the reason does not.
std::string without_model(const std::string& reason, const std::string& model) {
  for (const std::string& prefix : {"model \"" + model + "\": ", "\"" + model + "\": "}) {
    if (reason.starts_with(prefix)) return reason.substr(prefix.size());
  }
  return reason;
}

/// Opens the model on the CPU; what ONNX Runtime says against it becomes the verdict.
void try_cpu(const Runtime& runtime, const std::string& model, SessionOptions options, InspectReport& report,
             std::string& refusal) {
  options.device = Device{};
  DeviceVerdict verdict{to_string(options.device), ""};
  try {
    const Session session = Session::open(runtime, model, options);
    report.inputs.assign(session.inputs().begin(), session.inputs().end());
    report.outputs.assign(session.outputs().begin(), session.outputs().end());
    report.prepared = session.prepared();
    report.loads = true;
  } catch (const Error& error) {
    refusal = error.what();
    verdict.refusal = without_model(refusal, model);
  }
  report.devices.push_back(std::move(verdict));
}

/// Other devices are tried only where this ONNX Runtime has the provider.
void try_cuda(const Runtime& runtime, const std::string& model, SessionOptions options,
              InspectReport& report) {
  const auto& providers = runtime.info().providers;
  if (std::find(providers.begin(), providers.end(), "CUDAExecutionProvider") == providers.end()) return;
  options.device = Device{Device::Kind::cuda, 0};
  options.device_fallback = false;
  options.preparation = Preparation::off;
  DeviceVerdict verdict{to_string(options.device), ""};
  try {
    (void)Session::open(runtime, model, options);
  } catch (const Error& error) {
    verdict.refusal = without_model(error.what(), model);
  }
  report.devices.push_back(std::move(verdict));
}

/// Nothing is run, so a prepared model is only looked for.
SessionOptions options_to_look(LogLevel log_level) {
  SessionFlags flags;
  flags.options.intra_op_threads = 1;
  flags.options.log_level = log_level;
  return flags.options;
}

ExitCode inspect_models(const Runtime& runtime, const std::string& directory, const SessionOptions& options,
                        bool as_json) {
  const RepositoryReport report = inspect_repository(runtime, directory, options);
  print(as_json ? repository_json(report) : repository_text(report));
  if (report.is_well()) return ExitCode::done;
  print_error("not everything in \"" + directory + "\" can be served");
  return ExitCode::failed;
}

}  // namespace

ExitCode inspect_command(std::span<const std::string> arguments) {
  std::vector<std::string> words;
  RuntimeFlags runtime_flags;
  bool as_json = false;
  CommandLine line(
      {"inspect",
       "MODEL|DIRECTORY [FLAGS]",
       "Shows what a model is: inputs, outputs, opsets, operators, weights, and where it can run. Of a "
       "directory of models: what would be served, with which settings, and what is wrong with it.",
       "A model that ONNX Runtime refuses is shown as its file declares it, with the reason; the exit "
       "code is 1 then, and where not everything in a directory can be served.",
       {{"onda inspect model.onnx", "What to feed it, and what comes out."},
        {"onda inspect models/", "What onda serve would make of them."},
        {"onda inspect model.onnx --json | jq .inputs", "The same for a script."}}});
  line.words("MODEL", 1, 1, words);
  line.group("Output");
  line.flag({"json", "", "Print one JSON object."}, as_json);
  runtime_flags.add_to(line);
  if (line.parse(arguments) == CommandLine::Parsed::help) {
    print(line.help());
    return ExitCode::done;
  }

  const Runtime runtime = runtime_flags.initialize();
  const SessionOptions options = options_to_look(runtime_flags.log_level);
  std::error_code unreadable;
  if (std::filesystem::is_directory(words.front(), unreadable))
    return inspect_models(runtime, words.front(), options, as_json);

  InspectReport report;
  report.model = words.front();
  report.runtime_version = runtime.info().version;
  report.file = runtime::read_model_file(report.model);
  std::string refusal;
  try_cpu(runtime, report.model, options, report, refusal);
  if (report.loads) try_cuda(runtime, report.model, options, report);
  print(as_json ? inspect_json(report) : inspect_text(report));
  if (report.loads) return ExitCode::done;
  print_error(refusal);
  return ExitCode::failed;
}

}  // namespace onda::cli
