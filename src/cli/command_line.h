#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace onda::cli {

/// Looks up an environment variable; empty where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] EnvironmentLookup process_environment();

/// One example of a command's help.
struct Example {
  std::string_view command;
  std::string_view meaning;
};

/// What a command's help says beside its flags. The texts are literals.
struct CommandText {
  std::string_view name;     ///< "run"
  std::string_view usage;    ///< "MODEL [FILE…]": what follows the name, the flags left out
  std::string_view summary;  ///< one line
  std::string_view details;  ///< a paragraph, may be empty
  std::vector<Example> examples;
};

/// One flag: `--threads N`.
struct FlagText {
  std::string_view name;         ///< without dashes; "timeout,deadline" where it has a second name
  std::string_view placeholder;  ///< what stands for its value: "N", "FILE"; empty where it takes none
  std::string_view help;
};

/// The flags and words of one command: reads them, and writes its help.
/// A value comes from the command line, else from the environment (`ONDA_` and the flag's name in capitals),
/// else from the file that `--config` names (`threads = 2`; a `[run]` section is for that command alone).
/// `--help` and `--config` are there without being added.
class CommandLine {
 public:
  /// Called with each value that was given. What it throws is reported with the flag's name in front.
  using Setter = std::function<void(const std::string& value)>;
  enum class Parsed { run, help };

  explicit CommandLine(CommandText text);

  /// Starts a group of flags in the help.
  void group(std::string_view title);
  void flag(const FlagText& text, bool& target);
  /// `set` gets "true", or what stands behind `--name=`.
  void flag(const FlagText& text, Setter set);
  /// The last of several values counts.
  void option(const FlagText& text, Setter set);
  void option(const FlagText& text, std::string& target);
  /// Each value counts, in order.
  void list(const FlagText& text, Setter add);
  /// One of a few words.
  void choice(const FlagText& text, std::vector<std::string> choices, std::string& target);
  /// The words that are no flags, in order: `least` to `most` of them, stored in `target`. `what` names a
  /// missing one.
  void words(std::string_view what, std::size_t least, std::size_t most, std::vector<std::string>& target);

  /// Throws UsageError for what it does not know, with the nearest flag.
  [[nodiscard]] Parsed parse(std::span<const std::string> arguments,
                             const EnvironmentLookup& environment = process_environment());

  /// Usage, summary, flags by group and examples, in lines of at most 100 characters.
  [[nodiscard]] std::string help() const;

 private:
  enum class Kind { flag, option, list };
  struct Flag {
    Kind kind = Kind::option;
    std::vector<std::string> names;
    std::string placeholder;
    std::string help;
    std::string group;
    Setter set;
  };
  struct Words {
    std::string what;
    std::size_t least = 0;
    std::size_t most = 0;
    std::vector<std::string>* target = nullptr;
  };

  void add(Kind kind, const FlagText& text, Setter set);
  void apply(const Flag& flag, std::span<const std::string> values, const std::string& source) const;
  void take_words(std::vector<std::string> given) const;
  [[nodiscard]] std::vector<std::vector<std::string>> read_arguments(std::vector<std::string> arguments,
                                                                     std::vector<std::string>& words) const;
  [[nodiscard]] std::vector<std::vector<std::string>> read_config(const std::string& file) const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::string hint() const;

  CommandText text_;
  std::string group_;
  std::vector<Flag> flags_;
  std::optional<Words> words_;
  std::string config_;
  bool wants_help_ = false;
};

}  // namespace onda::cli
