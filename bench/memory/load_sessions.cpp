// Usage: load_sessions MODEL CACHE|- SESSIONS RUNS
//
// Opens a model SESSIONS times through the library, one thread each where there are several, from the
// prepared models in CACHE or ("-") plain, runs each session RUNS times, and prints the process's anonymous
// memory and its Pss.

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/harness/model_inputs.h"
#include "onda/session.h"

namespace onda::bench {
namespace {

std::size_t bytes_in(const std::string& line) { return std::stoull(line.substr(line.find(':') + 1)) * 1024; }

void print_memory() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  std::size_t anonymous = 0;
  std::size_t pss = 0;
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Anonymous:")) anonymous = bytes_in(line);
    if (line.starts_with("Pss:")) pss = bytes_in(line);
  }
  std::cout << anonymous << ' ' << pss << '\n';
}

void run(std::span<char*> arguments) {
  if (arguments.size() != 5) throw std::invalid_argument("usage: load_sessions MODEL CACHE|- SESSIONS RUNS");
  const std::string model = arguments[1];
  const std::string cache = arguments[2];
  const int count = std::atoi(arguments[3]);
  const int runs = std::atoi(arguments[4]);
  const auto runtime = Runtime::initialize();
  SessionOptions options;
  if (count > 1) options.intra_op_threads = 1;
  if (cache != "-") {
    options.preparation = Preparation::use;
    options.cache_directory = cache;
  }
  std::vector<Session> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.push_back(Session::open(runtime, model, options));
    if (cache != "-" && sessions.back().prepared() != PreparedState::used) {
      throw std::runtime_error("the prepared model was not used");
    }
  }
  std::vector<float> input;
  const Shape shape{1, 3, 224, 224};
  if (runs > 0) input = seeded_values(shape.element_count());
  for (const Session& session : sessions) {
    for (int i = 0; i < runs; ++i) static_cast<void>(session.run(TensorView::of<float>(shape, input)));
  }
  print_memory();
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    onda::bench::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "load_sessions: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
