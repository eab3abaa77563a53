#include "cli/input_assignment.h"

#include <algorithm>
#include <optional>

#include "base/quoted.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"

namespace onda::cli {
namespace {

std::vector<std::string> names_of(std::span<const ValueInfo> inputs) {
  std::vector<std::string> names;
  for (const auto& input : inputs) names.push_back(input.name);
  return names;
}

std::string inputs_text(std::span<const ValueInfo> inputs) {
  std::vector<std::string> quoted_names;
  for (const auto& input : inputs) quoted_names.push_back(base::quoted(input.name));
  return quoted_names.empty() ? "the model has no inputs"
                              : (inputs.size() == 1 ? "the model's input is " : "the model's inputs are ") +
                                    listed(quoted_names);
}

std::optional<std::size_t> find_input(std::string_view name, std::span<const ValueInfo> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].name == name) return i;
  }
  return std::nullopt;
}

struct Parsed {
  std::vector<AssignedInput> named;
  std::vector<std::string> unnamed;
};

/// The name may hold an equals sign as well as the file: the longest name that the model has counts.
std::optional<AssignedInput> named_input(const std::string& text, std::span<const ValueInfo> inputs) {
  for (auto sign = text.rfind('='); sign != std::string::npos && sign > 0; sign = text.rfind('=', sign - 1)) {
    if (const auto index = find_input(std::string_view(text).substr(0, sign), inputs)) {
      return AssignedInput{*index, text.substr(sign + 1)};
    }
  }
  return std::nullopt;
}

Parsed parse(std::span<const std::string> given, std::span<const ValueInfo> inputs,
             const std::function<bool(const std::string&)>& exists) {
  Parsed parsed;
  for (const auto& text : given) {
    if (auto assigned = named_input(text, inputs)) {
      parsed.named.push_back(std::move(*assigned));
      continue;
    }
    const auto sign = text.find('=');
    if (sign != std::string::npos && !exists(text)) {
      const std::string name = text.substr(0, sign);
      throw Error(ErrorCode::invalid_argument, "--input " + text + ": the model has no input " +
                                                   base::quoted(name) + did_you_mean(name, names_of(inputs)) +
                                                   " (" + inputs_text(inputs) + ")");
    }
    parsed.unnamed.push_back(text);
  }
  return parsed;
}

void refuse_repeated(const Parsed& parsed, std::span<const ValueInfo> inputs) {
  std::vector<bool> seen(inputs.size());
  std::size_t standard_inputs = 0;
  for (const auto& assigned : parsed.named) {
    if (seen[assigned.input]) {
      throw Error(ErrorCode::invalid_argument,
                  "input " + base::quoted(inputs[assigned.input].name) + " is given twice");
    }
    seen[assigned.input] = true;
    standard_inputs += assigned.file == "-" ? 1 : 0;
  }
  standard_inputs += static_cast<std::size_t>(std::count(parsed.unnamed.begin(), parsed.unnamed.end(), "-"));
  if (standard_inputs > 1) throw UsageError("--input -: standard input can be read once only");
}

/// The inputs that must be given and were not named.
std::vector<std::size_t> open_inputs(const Parsed& parsed, std::span<const ValueInfo> inputs) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool is_named = std::any_of(parsed.named.begin(), parsed.named.end(),
                                      [i](const AssignedInput& assigned) { return assigned.input == i; });
    if (!is_named && !inputs[i].optional) open.push_back(i);
  }
  return open;
}

}  // namespace

std::vector<std::vector<AssignedInput>> assign_inputs(std::span<const std::string> given,
                                                      std::span<const ValueInfo> inputs,
                                                      const std::function<bool(const std::string&)>& exists) {
  const Parsed parsed = parse(given, inputs, exists);
  refuse_repeated(parsed, inputs);
  const auto open = open_inputs(parsed, inputs);
  if (parsed.unnamed.empty()) {
    if (!open.empty()) {
      const auto name = inputs[open.front()].name;
      throw Error(ErrorCode::invalid_argument, "input " + base::quoted(name) + " is missing: give --input " +
                                                   (inputs.size() == 1 ? "" : name + "=") + "FILE (" +
                                                   inputs_text(inputs) + ")");
    }
    return {parsed.named};
  }
  if (open.size() != 1) {
    throw Error(ErrorCode::invalid_argument, "--input " + parsed.unnamed.front() +
                                                 ": say which input it is for, as NAME=FILE (" +
                                                 inputs_text(inputs) + ")");
  }
  std::vector<std::vector<AssignedInput>> runs;
  for (const auto& file : parsed.unnamed) {
    runs.push_back(parsed.named);
    runs.back().push_back({open.front(), file});
  }
  return runs;
}

NamedText split_name(const std::string& text, std::span<const ValueInfo> inputs) {
  if (auto assigned = named_input(text, inputs)) return {assigned->input, std::move(assigned->file)};
  const auto sign = text.find('=');
  if (sign == std::string::npos) return {0, text};
  const std::string name = text.substr(0, sign);
  throw Error(ErrorCode::invalid_argument, "the model has no input " + base::quoted(name) +
                                               did_you_mean(name, names_of(inputs)) + " (" +
                                               inputs_text(inputs) + ")");
}

}  // namespace onda::cli
