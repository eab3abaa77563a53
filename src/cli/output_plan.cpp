#include "cli/output_plan.h"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/files.h"
#include "base/quoted.h"
#include "cli/console.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "onda/error.h"

namespace onda::cli {
namespace {

bool is_directory(const std::string& file) {
  std::error_code error;
  return file.ends_with('/') || std::filesystem::is_directory(file, error);
}

std::optional<std::size_t> find_output(std::string_view name, std::span<const ValueInfo> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name == name) return i;
  }
  return std::nullopt;
}

std::vector<std::string> names_of(std::span<const ValueInfo> outputs) {
  std::vector<std::string> names;
  for (const auto& output : outputs) names.push_back(output.name);
  return names;
}

/// The output that `text` names, and the file behind the name; without a name all of the text is the file.
std::pair<std::optional<std::size_t>, std::string> split(const std::string& text,
                                                         std::span<const ValueInfo> outputs) {
  for (auto sign = text.rfind('='); sign != std::string::npos && sign > 0; sign = text.rfind('=', sign - 1)) {
    const auto index = find_output(std::string_view(text).substr(0, sign), outputs);
    if (index) return {index, text.substr(sign + 1)};
  }
  const auto sign = text.find('=');
  // A folder before the equals sign makes it part of a path.
  if (sign == std::string::npos || text.substr(0, sign).find('/') != std::string::npos)
    return {std::nullopt, text};
  const std::string name = text.substr(0, sign);
  const auto names = names_of(outputs);
  throw Error(ErrorCode::invalid_argument, "--output " + text + ": the model has no output " +
                                               base::quoted(name) + did_you_mean(name, names) + " (it has " +
                                               listed(names) + ")");
}

TensorFormat format_for(const OutputRequest& request, const std::string& file) {
  if (request.format) return *request.format;
  if (file == "-") return TensorFormat::json;
  if (const auto format = format_of_name(file)) return *format;
  throw UsageError("--output " + file +
                   ": the name ends in none of .npy, .pb, .json and .raw; say which with "
                   "--output-format");
}

std::vector<PlannedOutput> plan_directory(const OutputRequest& request, const std::string& directory,
                                          std::span<const ValueInfo> outputs, const std::string& prefix) {
  const TensorFormat format = request.format.value_or(TensorFormat::npy);
  std::vector<PlannedOutput> plan;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = prefix + file_name_of(outputs[i].name) + "." + std::string(to_string(format));
    plan.push_back({i, (std::filesystem::path(directory) / name).string(), format, directory});
  }
  return plan;
}

/// The later one would replace the earlier without a word.
void add_files(std::set<std::string>& files, std::span<const PlannedOutput> plan) {
  for (const auto& planned : plan) {
    if (planned.file == "-" || files.insert(planned.file).second) continue;
    throw Error(ErrorCode::invalid_argument, "--output: two outputs would be written to " +
                                                 base::quoted(planned.file) +
                                                 "; give each a file or each input a directory of its own");
  }
}

}  // namespace

std::string file_name_of(const std::string& name) {
  std::string result;
  for (const char c : name) {
    const bool stays = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    result += stays ? c : '_';
  }
  // Neither a hidden file nor a way up.
  if (result.empty() || result.front() == '.') result.insert(0, "_");
  return result;
}

std::vector<PlannedOutput> plan_outputs(const OutputRequest& request, std::span<const ValueInfo> outputs,
                                        const std::string& stem, bool has_several_runs) {
  std::vector<PlannedOutput> plan;
  for (const auto& text : request.given) {
    const auto [output, file] = split(text, outputs);
    if (file.empty()) throw UsageError("--output " + text + ": the file's name is missing");
    if (!output && is_directory(file)) {
      const auto files = plan_directory(request, file, outputs, has_several_runs ? stem + "." : "");
      plan.insert(plan.end(), files.begin(), files.end());
      continue;
    }
    if (has_several_runs && file != "-") {
      throw UsageError("--output " + text + ": several inputs are run in turn, so give a directory (" + text +
                       "/)");
    }
    const TensorFormat format = format_for(request, file);
    if (output || outputs.size() == 1) {
      plan.push_back({output ? output : 0, file, format, {}});
    } else if (format == TensorFormat::json) {
      plan.push_back({std::nullopt, file, format, {}});
    } else {
      throw UsageError("--output " + text + ": the model has " + std::to_string(outputs.size()) +
                       " outputs (" + listed(names_of(outputs)) +
                       "); give NAME=FILE, a directory, or a .json file");
    }
  }
  std::set<std::string> files;
  add_files(files, plan);
  return plan;
}

void require_own_files(const OutputRequest& request, std::span<const ValueInfo> outputs,
                       std::span<const std::string> stems) {
  std::set<std::string> files;
  for (const auto& stem : stems) add_files(files, plan_outputs(request, outputs, stem, stems.size() > 1));
}

void write_output(const std::string& file, const std::string& content) {
  if (file == "-") {
    print(content);
    return;
  }
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) {
    base::write_file_atomically(file, std::string_view(content));
    return;
  }
  // A device or a pipe must not be replaced by a file.
  errno = 0;
  std::ofstream stream(file, std::ios::binary);
  stream << content << std::flush;
  if (!stream)
    throw Error(ErrorCode::permission_denied,
                single_line(file) + ": cannot be written (" + std::strerror(errno) + ")");
}

}  // namespace onda::cli
