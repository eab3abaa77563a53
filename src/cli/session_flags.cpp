#include "cli/session_flags.h"

#include "cli/flag_values.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

Preparation parse_preparation(const std::string& text) {
  if (text == "use") return Preparation::use;
  if (text == "off") return Preparation::off;
  if (text == "make") return Preparation::make;
  throw UsageError('"' + text + "\": expected use, off or make");
}

GraphOptimization parse_optimization(const std::string& text) {
  if (text == "off") return GraphOptimization::off;
  if (text == "basic") return GraphOptimization::basic;
  if (text == "extended") return GraphOptimization::extended;
  if (text == "all") return GraphOptimization::all;
  throw UsageError('"' + text + "\": expected off, basic, extended or all");
}

}  // namespace

std::pair<std::string, std::string> split_assignment(const std::string& text) {
  const auto sign = text.find('=');
  if (sign == std::string::npos || sign == 0) throw UsageError('"' + text + "\": expected NAME=VALUE");
  return {text.substr(0, sign), text.substr(sign + 1)};
}

SessionFlags::SessionFlags() {
  options.preparation = Preparation::use;
  // A command ends before a check in the background would.
  options.verification = Verification::structure;
}

void SessionFlags::add_to(CommandLine& line, bool with_threads) {
  line.group("Model");
  line.option({"device", "DEVICE", "Where it runs: cpu (default) or cuda:0."},
              [this](const std::string& value) { options.device = Device::parse(value); });
  if (with_threads) {
    line.option({"threads", "N", "Threads within an operator. Default: the cores this process may use."},
                [this](const std::string& value) {
                  options.intra_op_threads = static_cast<int>(read_integer(value, 1, 1024));
                });
  }
  line.option({"cache", "use|off|make",
               "Prepared models: use one that is there (default), none, or make one where it is missing."},
              [this](const std::string& value) { options.preparation = parse_preparation(value); });
  line.flag({"verify-cache", "", "Check all of a prepared model's weights before it is used."},
            [this](const std::string& value) {
              if (read_boolean(value)) options.verification = Verification::full;
            });
  line.option({"optimization", "LEVEL", "Of the graph: off, basic, extended or all (default)."},
              [this](const std::string& value) { options.graph_optimization = parse_optimization(value); });
  line.list({"free-dimension", "NAME=N", "Fix a dynamic dimension by its name."},
            [this](const std::string& value) {
              const auto [name, size] = split_assignment(value);
              options.free_dimensions[name] = read_integer(size, 1);
            });
  line.list({"session-option", "KEY=VALUE", "Any configuration entry of ONNX Runtime's session."},
            [this](const std::string& value) {
              const auto [key, setting] = split_assignment(value);
              options.config[key] = setting;
            });
  line.option({"profile", "PREFIX", "Let ONNX Runtime write its profile to PREFIX_TIME.json."},
              [this](const std::string& value) { options.profile = value; });
}

}  // namespace onda::cli
