#include <algorithm>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/inspect_report.h"
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

}  // namespace

ExitCode inspect_command(std::span<const std::string> arguments) {
  std::vector<std::string> words;
  RuntimeFlags runtime_flags;
  bool as_json = false;
  CommandLine line(
      {"inspect",
       "MODEL [FLAGS]",
       "Shows what a model is: inputs, outputs, opsets, operators, weights, and where it can run.",
       "A model that ONNX Runtime refuses is shown as its file declares it, with the reason; the exit "
       "code is 1 then.",
       {{"onda inspect model.onnx", "What to feed it, and what comes out."},
        {"onda inspect model.onnx --json | jq .inputs", "The same for a script."}}});
  line.words("MODEL", 1, 1, words);
  line.group("Output");
  line.flag({"json", "", "Print one JSON object."}, as_json);
  runtime_flags.add_to(line);
  if (line.parse(arguments) == CommandLine::Parsed::help) {
    print(line.help());
    return ExitCode::done;
  }

  InspectReport report;
  report.model = words.front();
  const Runtime runtime = runtime_flags.initialize();
  report.runtime_version = runtime.info().version;
  report.file = runtime::read_model_file(report.model);
  SessionFlags session_flags;
  // Nothing is run, so a prepared model is only looked for.
  session_flags.options.intra_op_threads = 1;
  session_flags.options.log_level = runtime_flags.log_level;
  std::string refusal;
  try_cpu(runtime, report.model, session_flags.options, report, refusal);
  if (report.loads) try_cuda(runtime, report.model, session_flags.options, report);
  print(as_json ? inspect_json(report) : inspect_text(report));
  if (report.loads) return ExitCode::done;
  print_error(refusal);
  return ExitCode::failed;
}

}  // namespace onda::cli
