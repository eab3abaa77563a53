#include "cli/program.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/interruption.h"
#include "cli/program_help.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "cli/version_report.h"
#include "onda/error.h"

namespace onda::cli {
namespace {

constexpr std::array kCommands = {
    Command{"run", "Run a model once: an image, .npy, .pb, JSON or raw data in, a ranking or tensors out",
            run_command},
    Command{"inspect", "Show a model's inputs, outputs, opsets, size, and whether it can run here",
            inspect_command},
    Command{"serve", "Serve models over HTTP and gRPC, as Triton's and KServe's clients speak",
            serve_command},
    Command{"bench", "Measure latency, throughput, memory and allocations; sweep batch, threads, callers",
            bench_command},
    Command{"cache", "Make, list and clear prepared models, which open several times faster", cache_command},
    Command{"doctor", "Show what this machine has: CPU, limits, ONNX Runtime, providers, GPU, cache",
            doctor_command},
};

/// Flags that every command takes may stand before the command too: they are moved behind it.
std::vector<std::string> command_first(std::span<const std::string> arguments) {
  std::vector<std::string> moved;
  std::size_t next = 0;
  while (next < arguments.size()) {
    const std::string& word = arguments[next];
    bool is_shared = false;
    for (const std::string_view name : {"--onnxruntime", "--log-level", "--config"}) {
      const bool joined = word.starts_with(std::string(name) + "=");
      if (word != name && !joined) continue;
      is_shared = true;
      moved.push_back(word);
      ++next;
      if (!joined && next < arguments.size()) moved.push_back(arguments[next++]);
      break;
    }
    if (!is_shared) break;
  }
  std::vector<std::string> result;
  if (next < arguments.size()) result.push_back(arguments[next++]);
  result.insert(result.end(), moved.begin(), moved.end());
  result.insert(result.end(), arguments.begin() + static_cast<std::ptrdiff_t>(next), arguments.end());
  return result;
}

[[noreturn]] void refuse_word(const std::string& word) {
  std::vector<std::string> names = {"help"};
  for (const auto& command : kCommands) names.emplace_back(command.name);
  if (word.starts_with('-')) {
    const std::vector<std::string> flags = {"help", "version", "onnxruntime", "log-level", "config"};
    throw UsageError(
        "unknown flag " + word +
        did_you_mean(word.substr(std::min(word.find_first_not_of('-'), word.size())), flags, "--") +
        " (the command comes first: onda run --help)");
  }
  throw UsageError("unknown command \"" + word + "\"" + did_you_mean(word, names, "onda ") +
                   " (onda --help lists the commands)");
}

ExitCode help_for(std::span<const std::string> words) {
  if (words.empty()) {
    print(program_help(kCommands));
    return ExitCode::done;
  }
  for (const auto& command : kCommands) {
    if (command.name == words.front()) return command.function(std::vector<std::string>{"--help"});
  }
  refuse_word(words.front());
}

ExitCode dispatch(std::span<const std::string> arguments) {
  const auto words = command_first(arguments);
  if (words.empty() || words.front().starts_with("--onnxruntime") ||
      words.front().starts_with("--log-level") || words.front().starts_with("--config")) {
    throw UsageError(
        "a command is missing: run, inspect, serve, bench, cache or doctor (onda --help explains them)");
  }
  const auto& first = words.front();
  const auto rest = std::span(words).subspan(1);
  if (first == "--help" || first == "-h") return help_for({});
  if (first == "help") return help_for(rest);
  if (first == "--version" || first == "version") return print_version(rest);
  for (const auto& command : kCommands) {
    if (command.name == first) return command.function(rest);
  }
  refuse_word(first);
}

}  // namespace

std::span<const Command> commands() noexcept { return kCommands; }

ExitCode run_program(std::span<const std::string> arguments) noexcept {
  try {
    return dispatch(arguments);
  } catch (const UsageError& error) {
    print_error(error.what());
    return ExitCode::usage;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled && Interruption::was_requested()) {
      print_error("interrupted");
      return ExitCode::interrupted;
    }
    print_error(error.what());
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& error) {
    print_error(std::string("internal: ") + error.what());
  }
  return ExitCode::failed;
}

}  // namespace onda::cli
