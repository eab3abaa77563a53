#include "cli/output_plan.h"

#include <cctype>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/pending_file.h"
#include "base/quoted.h"
#include "cli/console.h"
#include "cli/suggestions.h"
#include "cli/usage_error.h"
#include "onda/error.h"

namespace onda::cli {
namespace {

/// The directories of a plan, made where they are missing, and removed again where nothing was kept in them.
class NewDirectories {
 public:
  explicit NewDirectories(std::span<const PlannedOutput> plan) {
    for (const auto& planned : plan) {
      std::error_code ignored;
      // What is wrong with the directory shows at writing.
      if (!planned.make_directory.empty() &&
          std::filesystem::create_directory(planned.make_directory, ignored)) {
        made_.push_back(planned.make_directory);
      }
    }
  }
  NewDirectories(const NewDirectories&) = delete;
  NewDirectories& operator=(const NewDirectories&) = delete;
  ~NewDirectories() {
    std::error_code ignored;
    for (const auto& directory : made_) std::filesystem::remove(directory, ignored);
  }
  void keep() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

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
  base::write_file_atomically(file, std::string_view(content));
}

void write_outputs(std::span<const PlannedOutput> plan, std::span<const std::string> contents) {
  NewDirectories directories(plan);
  std::vector<base::PendingFile> files;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].file != "-") files.emplace_back(plan[i].file, std::as_bytes(std::span(contents[i])));
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].file == "-") print(contents[i]);
  }
  for (const bool is_stream : {true, false}) {
    for (auto& file : files) {
      if (file.is_stream() == is_stream) file.publish();
    }
  }
  directories.keep();
}

}  // namespace onda::cli
