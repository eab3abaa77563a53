#include "cli/gpu_report.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <system_error>

namespace onda::cli {
namespace {

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …": the first word that is a version.
std::string driver_version(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return {};
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const bool is_version =
        word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos;
    if (is_version) return word;
  }
  return "unknown";
}

/// The line "Model: \t\t NVIDIA H100" of a GPU's information file.
std::string gpu_name(const std::filesystem::path& file) {
  std::ifstream stream(file);
  constexpr std::string_view kKey = "Model:";
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(kKey)) continue;
    const auto start = line.find_first_not_of(" \t", kKey.size());
    return start == std::string::npos ? "unknown" : line.substr(start);
  }
  return "unknown";
}

}  // namespace

GpuReport inspect_gpus(const std::filesystem::path& proc) {
  GpuReport report;
  const auto root = proc / "driver" / "nvidia";
  report.driver = driver_version(root / "version");
  std::error_code error;
  std::vector<std::filesystem::path> gpus;
  for (std::filesystem::directory_iterator entry(root / "gpus", error), end; !error && entry != end;
       entry.increment(error)) {
    gpus.push_back(entry->path());
  }
  std::sort(gpus.begin(), gpus.end());
  for (const auto& gpu : gpus) report.names.push_back(gpu_name(gpu / "information"));
  return report;
}

}  // namespace onda::cli
