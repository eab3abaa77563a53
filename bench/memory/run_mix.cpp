// Usage: run_mix WORKLOAD CONFIGURATION [CACHE]
//
// Opens a model in one of several ways, runs a load of varying sizes, and prints the process's memory in
// bytes, anonymous and file-backed, after loading, at the peak, after the spike, after the load, and after
// five idle seconds. With CACHE, the prepared model in that directory is used (arena-trim and recycling
// only).
//
// Configurations: arena, arena-trim, arena-same-as-requested, arena-shrinkage, no-arena (ONNX Runtime by its
// C API; -trim gives the heap's free memory back after loading), recycling, recycling-huge (Onda).

#include <malloc.h>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/harness/model_inputs.h"
#include "bench/memory/onda_session.h"
#include "bench/memory/plain_session.h"
#include "bench/memory/process_memory.h"
#include "bench/memory/workload.h"

namespace onda::bench {
namespace {

using Run = std::function<void(const std::vector<std::int64_t>&)>;

/// Keeps what a session needs alive.
struct Opened {
  Run run;
  Run reserve;
};

Opened open_plain(const std::string& model, const std::string& name) {
  std::map<std::string, std::size_t> arena;
  PlainOptions options;
  if (name == "arena-same-as-requested") {
    arena = {{"arena_extend_strategy", 1}};
    options.config = {{"session.use_env_allocators", "1"}};
  } else if (name == "arena-shrinkage") {
    options.run_config = {{"memory.enable_memory_arena_shrinkage", "cpu:0"}};
  } else if (name == "no-arena") {
    options.arena = false;
  } else if (name != "arena" && name != "arena-trim") {
    throw std::invalid_argument("there is no configuration \"" + name + "\"");
  }
  const auto runtime = std::make_shared<PlainRuntime>(arena);
  const auto session = std::make_shared<PlainSession>(*runtime, model, options);
  // All but the bare default are given the benefit of the trim.
  if (name != "arena") malloc_trim(0);
  return {.run = [runtime, session](const auto& sizes) { session->run(sizes); },
          .reserve = [session](const auto& sizes) { session->reserve(sizes); }};
}

Opened open(const std::string& model, const std::string& name, const std::string& cache) {
  std::optional<MemoryStrategy> strategy;
  if (name.starts_with("recycling")) strategy = MemoryStrategy::recycling;
  if (!cache.empty() && name == "arena-trim") strategy = MemoryStrategy::arena;
  if (!strategy) {
    if (!cache.empty()) throw std::invalid_argument("this configuration has no prepared model");
    return open_plain(model, name);
  }
  const auto session = std::make_shared<OndaSession>(
      model, OndaSettings{.strategy = *strategy, .cache = cache, .huge_pages = name == "recycling-huge"});
  return {.run = [session](const auto& sizes) { session->run(sizes); },
          .reserve = [session](const auto& sizes) { session->reserve(sizes); }};
}

void print(const char* when, const ProcessMemory& memory) {
  std::cout << when << ' ' << memory.anonymous << ' ' << memory.file << '\n';
}

void run(std::span<char*> arguments) {
  if (arguments.size() < 3 || arguments.size() > 4)
    throw std::invalid_argument("usage: run_mix WORKLOAD CONFIGURATION [CACHE]");
  const Workload load = workload(arguments[1]);
  const Opened opened =
      open(model_file(load.model).string(), arguments[2], arguments.size() == 4 ? arguments[3] : "");
  opened.reserve(load.largest);
  print("loaded", process_memory());
  PeakMemory peak;
  for (const auto& sizes : load.mix) {
    opened.run(sizes);
    if (sizes == load.largest) print("spike", process_memory());
  }
  for (int i = 0; i < load.after; ++i) opened.run(load.smallest);
  print("peak", peak.peak());
  print("after", process_memory());
  std::this_thread::sleep_for(std::chrono::seconds(5));
  print("idle", process_memory());
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    onda::bench::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "run_mix: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
