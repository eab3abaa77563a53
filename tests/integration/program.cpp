#include "program.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/paths.h"

namespace onda::test {
namespace {

std::string shown(const ProcessResult& result) {
  return "exit code " + std::to_string(result.exit_code) + ", signal " + std::to_string(result.signal) +
         (result.timed_out ? ", timed out" : "") + "\nout: " + result.out.substr(0, 2000) +
         "\nerr: " + result.err.substr(0, 2000);
}

}  // namespace

ProcessResult run_onda(const std::vector<std::string>& arguments, ProcessOptions options) {
  std::vector<std::string> argv = {(binary_dir() / "onda").string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  for (const auto* name : {"ONDA_THREADS", "ONDA_CONFIG", "ONDA_CACHE", "ONDA_JSON"}) {
    options.environment.try_emplace(name, std::nullopt);
  }
  return run_process(argv, options);
}

std::string test_model(const std::string& name) {
  return (source_dir() / "tests/data/models" / name).string();
}

std::string digits(const std::string& name) { return (source_dir() / "examples/digits" / name).string(); }

testing::AssertionResult failed_clearly(const ProcessResult& result, const std::vector<std::string>& parts,
                                        int exit_code) {
  const auto lines = std::count(result.err.begin(), result.err.end(), '\n');
  if (result.exit_code != exit_code || !result.out.empty() || lines != 1 ||
      !result.err.starts_with("onda: error: ")) {
    return testing::AssertionFailure()
           << "expected one line of error and " << exit_code << ", got " << shown(result);
  }
  for (const auto& part : parts) {
    if (result.err.find(part) == std::string::npos) {
      return testing::AssertionFailure() << "the error lacks \"" << part << "\": " << result.err;
    }
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult succeeded(const ProcessResult& result) {
  if (result.exit_code == 0 && result.err.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected success in silence, got " << shown(result);
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace onda::test
