// Usage: onda_bench_serve [--quick] [PART...]
//
// `onda serve`, always beside something else that is measured in the same run, on the same cores as its
// clients. Parts: tiny, resnet, grpc, batching, open-loop, mixed, instances, start; all where none is named.
// ONDA_BENCH_QUICK=1 is --quick.

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "bench/harness/report.h"
#include "bench/serve/onda_server.h"
#include "bench/serve/scenario.h"

namespace onda::bench {
namespace {

struct Part {
  std::string name;
  void (*measure)(Bench& bench);
};

const std::vector<Part> kParts = {
    {"tiny", measure_tiny_over_http},       {"resnet", measure_resnet},       {"grpc", measure_grpc},
    {"batching", measure_batching},         {"open-loop", measure_open_loop}, {"mixed", measure_mixed_load},
    {"instances", measure_second_instance}, {"start", measure_start}};

int run(const std::vector<std::string>& arguments) {
  const char* quick = std::getenv("ONDA_BENCH_QUICK");
  Settings settings{.quick = quick != nullptr && std::string(quick) == "1"};
  std::vector<std::string> wanted;
  for (const auto& argument : arguments) {
    if (argument == "--quick") {
      settings.quick = true;
    } else if (std::ranges::find(kParts, argument, &Part::name) != kParts.end()) {
      wanted.push_back(argument);
    } else {
      std::cerr << "onda_bench_serve: no such part: " << argument << '\n';
      return 2;
    }
  }

  const PlainRuntime runtime;
  Bench bench{.settings = settings, .runtime = runtime, .random = std::mt19937(1), .report = {}};
  const std::string missing = OndaServer::why_missing();
  bool has_failed = false;
  for (const Part& part : kParts) {
    if (!wanted.empty() && std::ranges::find(wanted, part.name) == wanted.end()) continue;
    try {
      if (!missing.empty()) throw std::runtime_error(missing);
      part.measure(bench);
    } catch (const std::exception& error) {
      // The others are worth having.
      bench.report.add_missing(part.name, "", error.what());
      has_failed = true;
    }
  }
  // A quick look or a part of the table must not replace the whole.
  const bool is_whole = wanted.empty() && !settings.quick;
  std::filesystem::create_directories(output_directory() / "partial");
  publish(is_whole ? "serve" : "partial/serve", bench.report.rows(),
          present_circumstances(runtime.version()));
  std::cout << "\nMedians; goals are judged by them.\n" << bench.report.notes();
  return has_failed ? 1 : 0;
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    return onda::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_serve: " << error.what() << '\n';
    return 1;
  }
}
