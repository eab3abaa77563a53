#include "cli/version_report.h"

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/runtime_flags.h"
#include "onda/error.h"
#include "onda/version.h"

namespace onda::cli {

ExitCode print_version(std::span<const std::string> arguments) {
  RuntimeFlags runtime_flags;
  CommandLine line({"--version", "", "Print the versions of Onda and ONNX Runtime.", "", {}});
  runtime_flags.add_to(line);
  if (line.parse(arguments) == CommandLine::Parsed::help) {
    print(line.help());
    return ExitCode::done;
  }
  std::string text = "onda " + std::string(version()) + " (" + std::string(build_commit()) + ")\n";
  try {
    const Runtime runtime = runtime_flags.initialize();
    text += "ONNX Runtime " + runtime.info().version + " (" + runtime.info().library.string() + ")\n";
  } catch (const Error& error) {
    text += "ONNX Runtime: none (" + std::string(error.what()) + ")\n";
  }
  print(text);
  return ExitCode::done;
}

}  // namespace onda::cli
