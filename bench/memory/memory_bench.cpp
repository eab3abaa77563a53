// What open sessions of ResNet-50 hold, beside a C program with default options. One fresh process a sample.

#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "bench/harness/child_process.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/prepared_cache.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

constexpr std::size_t kSamples = 10;
// As the model's 98 MB are counted.
constexpr double kMebibyte = 1 << 20;

struct Memory {
  Estimate anonymous;
  Estimate pss;
};

/// `command` prints both figures in bytes. It lies in a directory of its own and is told where the library
/// is.
Memory measure(const std::vector<std::string>& command) {
  std::vector<double> anonymous;
  std::vector<double> pss;
  for (std::size_t i = 0; i < kSamples; ++i) {
    std::istringstream words(run_child(command, {"ONDA_ONNXRUNTIME=" + runtime_library()}).output);
    double anonymous_bytes = 0;
    double pss_bytes = 0;
    words >> anonymous_bytes >> pss_bytes;
    anonymous.push_back(anonymous_bytes / kMebibyte);
    pss.push_back(pss_bytes / kMebibyte);
  }
  return {estimate_median(anonymous), estimate_median(pss)};
}

Goal at_most(double mebibytes) { return {.of = Goal::Of::value, .limit = mebibytes}; }

std::vector<Row> rows() {
  const std::string model = model_file("resnet50.onnx");
  const std::string input = write_npy(output_directory() / "resnet50.npy", {1, 3, 224, 224});
  const auto cache = warm_cache(model);
  const auto bare = [&](const std::string& sessions, const std::string& runs) {
    return measure({helper_program("bare_load_sessions"), runtime_library(), model, input, sessions, runs});
  };
  const auto ours = [&](const std::string& directory, const std::string& sessions, const std::string& runs) {
    return measure({helper_program("load_sessions"), model, directory, sessions, runs});
  };
  const Memory bare_loaded = bare("1", "0");
  const Memory bare_four = bare("4", "1");
  const std::string reference = "bare C, default options";
  return {value_row("ResNet-50 prepared, anonymous memory after loading", "MiB",
                    ours(cache.directory, "1", "0").anonymous, at_most(20), reference,
                    bare_loaded.anonymous.median),
          value_row("ResNet-50 not prepared, anonymous memory after loading", "MiB",
                    ours("-", "1", "0").anonymous, at_most(110), reference, bare_loaded.anonymous.median),
          value_row("ResNet-50 prepared, 4 sessions that have run, Pss", "MiB",
                    ours(cache.directory, "4", "1").pss, at_most(200), reference, bare_four.pss.median)};
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    const auto version = onda::runtime::Library::open({}).version();
    onda::bench::publish("memory", onda::bench::rows(), onda::bench::present_circumstances(version));
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_memory: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
