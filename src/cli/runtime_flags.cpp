#include "cli/runtime_flags.h"

#include <array>
#include <utility>

#include "cli/console.h"
#include "cli/log_lines.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

LogLevel parse_log_level(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels = {{{"verbose", LogLevel::verbose},
                                                                             {"info", LogLevel::info},
                                                                             {"warning", LogLevel::warning},
                                                                             {"error", LogLevel::error}}};
  std::vector<std::string> names;
  for (const auto& [name, level] : kLevels) {
    if (text == name) return level;
    names.emplace_back(name);
  }
  throw UsageError('"' + text + "\": expected " + listed(names) + did_you_mean(text, names));
}

}  // namespace

void RuntimeFlags::add_to(CommandLine& line) {
  line.group("General");
  line.option({"onnxruntime", "PATH",
               "ONNX Runtime's library. Otherwise it is looked for beside the program, in "
               "../lib/onda and among the system's libraries."},
              library);
  line.option(
      {"log-level", "LEVEL", "verbose, info, warning (default) or error: what is logged to standard error."},
      [this](const std::string& value) { log_level = parse_log_level(value); });
}

RuntimeOptions RuntimeFlags::options() const {
  RuntimeOptions options;
  options.library = library;
  options.log = log_to_standard_error(log_level);
  options.log_level = log_level;
  return options;
}

Runtime RuntimeFlags::initialize(const MemoryFlags& memory) const {
  auto with_memory = options();
  memory.apply_to(with_memory);
  Runtime runtime = Runtime::initialize(with_memory);
  for (const auto& caveat : runtime.info().caveats) note(caveat);
  return runtime;
}

}  // namespace onda::cli
