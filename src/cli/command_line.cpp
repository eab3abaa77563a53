#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "base/files.h"
#include "cli/flag_values.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "onda/error.h"

namespace onda::cli {
namespace {

std::string environment_name(const std::string& flag) {
  std::string name = "ONDA_" + flag;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

/// CLI11 names a missing value's flag in front of a colon.
std::string flag_of(const std::string& message) { return message.substr(0, message.find(':')); }

}  // namespace

EnvironmentLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

CommandLine::CommandLine(CommandText text) : text_(std::move(text)) {}

void CommandLine::group(std::string_view title) { group_ = title; }

void CommandLine::add(Kind kind, const FlagText& text, Setter set) {
  flags_.push_back({kind, split_list(text.name), std::string(text.placeholder), std::string(text.help),
                    group_, std::move(set)});
}

void CommandLine::flag(const FlagText& text, bool& target) {
  add(Kind::flag, text, [&target](const std::string& value) { target = read_boolean(value); });
}

void CommandLine::flag(const FlagText& text, Setter set) { add(Kind::flag, text, std::move(set)); }

void CommandLine::option(const FlagText& text, Setter set) { add(Kind::option, text, std::move(set)); }

void CommandLine::option(const FlagText& text, std::string& target) {
  option(text, [&target](const std::string& value) { target = value; });
}

void CommandLine::list(const FlagText& text, Setter add_value) {
  add(Kind::list, text, std::move(add_value));
}

void CommandLine::choice(const FlagText& text, std::vector<std::string> choices, std::string& target) {
  option(text, [choices = std::move(choices), &target](const std::string& value) {
    if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
      throw UsageError('"' + value + "\": expected one of " + listed(choices) + did_you_mean(value, choices));
    }
    target = value;
  });
}

void CommandLine::words(std::string_view what, std::size_t least, std::size_t most,
                        std::vector<std::string>& target) {
  words_ = Words{std::string(what), least, most, &target};
}

std::optional<std::size_t> CommandLine::find(std::string_view name) const {
  for (std::size_t i = 0; i < flags_.size(); ++i) {
    const auto& names = flags_[i].names;
    if (std::find(names.begin(), names.end(), name) != names.end()) return i;
  }
  return std::nullopt;
}

std::vector<std::string> CommandLine::names() const {
  std::vector<std::string> all = {"help", "config"};
  for (const auto& flag : flags_) all.insert(all.end(), flag.names.begin(), flag.names.end());
  return all;
}

std::string CommandLine::hint() const {
  return " (onda " + std::string(text_.name) + " --help lists the flags)";
}

std::vector<std::vector<std::string>> CommandLine::read_arguments(
    std::vector<std::string> arguments, std::vector<std::string>& given_words) const {
  // Behind "--" everything is a word, whatever it begins with.
  std::vector<std::string> behind;
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  if (mark != arguments.end()) {
    behind.assign(mark + 1, arguments.end());
    arguments.erase(mark, arguments.end());
  }

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> options;
  const CLI::callback_t keep = [](const CLI::results_t&) { return true; };
  for (const auto& flag : flags_) {
    std::string spelled;
    for (const auto& name : flag.names) spelled += (spelled.empty() ? "--" : ",--") + name;
    if (flag.names.front() == "help") spelled += ",-h";
    options.push_back(flag.kind == Kind::flag ? app.add_flag(spelled)
                                              : app.add_option(spelled, keep)
                                                    ->type_size(1)
                                                    ->expected(1)
                                                    ->allow_extra_args(false)
                                                    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(flag_of(error.what()) + " needs a value" + hint());
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + hint());
  }

  for (auto& word : app.remaining()) {
    if (word.size() > 1 && word.front() == '-') {
      const auto start = word.find_first_not_of('-');
      const auto bare = start == std::string::npos ? word : word.substr(start, word.find('=') - start);
      throw UsageError("unknown flag " + word.substr(0, word.find('=')) + did_you_mean(bare, names(), "--") +
                       hint());
    }
    given_words.push_back(std::move(word));
  }
  given_words.insert(given_words.end(), behind.begin(), behind.end());

  std::vector<std::vector<std::string>> values;
  for (const auto* option : options) values.push_back(option->results());
  return values;
}

std::vector<std::vector<std::string>> CommandLine::read_config(const std::string& file) const {
  // What is longer, or never ends, is something else.
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 20U;
  std::istringstream stream;
  try {
    const auto bytes = base::read_file(file, kLargest);
    stream.str(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  } catch (const Error& error) {
    throw error.with_context("config file");
  }
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    throw UsageError("config file " + file + ": " + error.what());
  }
  std::vector<std::vector<std::string>> values(flags_.size());
  for (auto& item : items) {
    // CLI11 marks where a section begins and ends by items of these names.
    if (item.name == "++" || item.name == "--") continue;
    if (!item.parents.empty() && item.parents.front() != text_.name) continue;
    const auto index = find(item.name);
    if (!index || item.name == "help" || item.name == "config") {
      // One file may serve several commands: a name outside of a section may be another command's flag,
      // unless it is nearly one of this command's.
      const auto suggestion = did_you_mean(item.name, names());
      if (item.parents.empty() && suggestion.empty()) continue;
      throw UsageError("config file " + file + ": unknown name " + item.name + suggestion + hint());
    }
    values[*index] = std::move(item.inputs);
  }
  return values;
}

void CommandLine::apply(const Flag& flag, std::span<const std::string> values,
                        const std::string& source) const {
  if (flag.kind != Kind::list && values.size() > 1) values = values.last(1);
  for (const auto& value : values) {
    try {
      flag.set(value);
    } catch (const UsageError& error) {
      throw UsageError(source + " " + error.what());
    } catch (const Error& error) {
      throw UsageError(source + " " + error.what());
    }
  }
}

void CommandLine::take_words(std::vector<std::string> given) const {
  const std::size_t most = words_ ? words_->most : 0;
  if (given.size() > most) {
    throw UsageError("\"" + given[most] + "\" is one word too many: usage is onda " +
                     std::string(text_.name) + " " + std::string(text_.usage));
  }
  if (!words_) return;
  if (given.size() < words_->least) {
    throw UsageError(words_->what + " is missing: usage is onda " + std::string(text_.name) + " " +
                     std::string(text_.usage));
  }
  *words_->target = std::move(given);
}

CommandLine::Parsed CommandLine::parse(std::span<const std::string> arguments,
                                       const EnvironmentLookup& environment) {
  // Added last, so that they close the help.
  if (!find("help")) {
    group("General");
    option({"config", "FILE", "Read flags from FILE: lines such as threads = 2, sections such as [run]."},
           config_);
    flag({"help", "", "Print this help."}, wants_help_);
  }
  std::vector<std::string> given_words;
  const auto given = read_arguments({arguments.begin(), arguments.end()}, given_words);

  const auto config_index = *find("config");
  const auto help_index = *find("help");
  if (!given[help_index].empty()) return Parsed::help;
  std::string config;
  if (!given[config_index].empty()) {
    config = given[config_index].back();
  } else if (const auto value = environment("ONDA_CONFIG")) {
    config = *value;
  }
  const auto from_config =
      config.empty() ? std::vector<std::vector<std::string>>(flags_.size()) : read_config(config);

  for (std::size_t i = 0; i < flags_.size(); ++i) {
    if (i == config_index || i == help_index) continue;
    const auto& name = flags_[i].names.front();
    if (!given[i].empty()) {
      apply(flags_[i], given[i], "--" + name);
    } else if (const auto value = environment(environment_name(name))) {
      apply(flags_[i], {&*value, 1}, environment_name(name));
    } else if (!from_config[i].empty()) {
      apply(flags_[i], from_config[i], config + ": " + name);
    }
  }
  take_words(std::move(given_words));
  return Parsed::run;
}

}  // namespace onda::cli
