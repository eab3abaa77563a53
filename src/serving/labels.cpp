#include "serving/labels.h"

#include <algorithm>

#include "base/files.h"
#include "base/quoted.h"
#include "onda/error.h"
#include "serving/config_message.h"

namespace onda::serving {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20;

[[noreturn]] void refuse(std::string_view name) {
  throw Error(ErrorCode::permission_denied,
              "label_filename " + base::quoted(name) + " leads out of the model's directory");
}

/// Where it really is, links followed. Equal errors whatever is there: nobody learns what lies outside.
std::filesystem::path resolved(const std::filesystem::path& directory, std::string_view name) {
  const auto root = std::filesystem::canonical(directory);
  std::error_code failed;
  auto file = std::filesystem::canonical(root / name, failed);
  if (failed) {
    throw Error(ErrorCode::not_found,
                "label_filename " + base::quoted(name) + " is not in the model's directory");
  }
  if (std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first != root.end()) refuse(name);
  return file;
}

}  // namespace

std::vector<std::string> parse_labels(std::string_view text) {
  std::vector<std::string> labels;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
      line.remove_suffix(1);
    labels.emplace_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

std::vector<std::string> read_labels(const std::filesystem::path& file) {
  const auto bytes = base::read_file(file, kMaxBytes);
  auto labels = parse_labels({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (labels.empty()) throw Error(ErrorCode::invalid_argument, base::quoted_path(file) + ": holds no labels");
  return labels;
}

std::vector<std::string> read_model_labels(const std::filesystem::path& model_directory,
                                           std::string_view label_filename) {
  if (!stays_below(label_filename)) refuse(label_filename);
  if (model_directory.empty()) {
    throw Error(ErrorCode::not_found, "label_filename " + base::quoted(label_filename) +
                                          ": a model of a single file has no labels");
  }
  const auto file = resolved(model_directory, label_filename);
  // A pipe would keep the load waiting.
  (void)base::stamp_of(file);
  return read_labels(file);
}

}  // namespace onda::serving
