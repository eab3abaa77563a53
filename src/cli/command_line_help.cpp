#include <algorithm>

#include "cli/command_line.h"
#include "cli/paragraph.h"

namespace onda::cli {
namespace {

constexpr std::size_t kWidth = 96;
constexpr std::size_t kHelpColumn = 28;

std::string row(const std::string& left, std::string_view help) {
  std::string line = "  " + left;
  // A long name gets a line of its own.
  if (text_width(line) + 2 > kHelpColumn) {
    line += '\n' + std::string(kHelpColumn, ' ');
  } else {
    line += std::string(kHelpColumn - text_width(line), ' ');
  }
  return line + wrapped(help, kHelpColumn, kWidth) + '\n';
}

}  // namespace

std::string CommandLine::help() const {
  std::string result = "Usage: onda " + std::string(text_.name) + " " + std::string(text_.usage) + "\n\n";
  result += wrapped(text_.summary, 0, kWidth) + '\n';
  if (!text_.details.empty()) result += '\n' + wrapped(text_.details, 0, kWidth) + '\n';

  std::vector<std::string> groups;
  for (const auto& flag : flags_) {
    if (std::find(groups.begin(), groups.end(), flag.group) == groups.end()) groups.push_back(flag.group);
  }
  for (const auto& group : groups) {
    result += '\n' + (group.empty() ? "Flags" : group) + ":\n";
    for (const auto& flag : flags_) {
      if (flag.group != group) continue;
      std::string left;
      for (const auto& name : flag.names) left += (left.empty() ? "--" : ", --") + name;
      if (!flag.placeholder.empty()) left += ' ' + flag.placeholder;
      result += row(left, flag.help);
    }
  }
  if (!text_.examples.empty()) result += "\nExamples:\n";
  for (const auto& example : text_.examples) {
    result += "  " + std::string(example.command) + "\n      " + wrapped(example.meaning, 6, kWidth) + '\n';
  }
  return result;
}

}  // namespace onda::cli
