// Resident memory and speed under a load whose sizes vary: ONNX Runtime's own strategies and Onda's. Memory:
// one fresh process a sample. Speed: sessions of all strategies in one process, the same runs on each, one
// after the other in random order.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/harness/child_process.h"
#include "bench/harness/model_inputs.h"
#include "bench/harness/prepared_cache.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "bench/memory/onda_session.h"
#include "bench/memory/plain_session.h"
#include "bench/memory/trace.h"
#include "bench/memory/workload.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr std::size_t kMemorySamples = 2;
constexpr std::size_t kSpeedSamples = 10;

struct Configuration {
  std::string name;  ///< run_mix's
  std::string title;
  bool prepared = false;
};

const std::vector<Configuration> kConfigurations = {
    {"arena", "default arena"},
    {"arena-trim", "default arena, heap trimmed after loading"},
    {"arena-same-as-requested", "arena, kSameAsRequested, trimmed"},
    {"arena-shrinkage", "arena, shrunk after each run, trimmed"},
    {"no-arena", "no arena, trimmed"},
    {"recycling", "recycling"},
    {"recycling-huge", "recycling, huge pages"},
    {"arena-trim", "prepared model, default arena", true},
    {"recycling", "prepared model, recycling", true}};

/// Bytes by moment: loaded, spike, peak, after, idle.
struct Moment {
  std::vector<double> anonymous;
  std::vector<double> file;
  [[nodiscard]] Estimate resident() const {
    std::vector<double> sum;
    for (std::size_t i = 0; i < anonymous.size(); ++i) sum.push_back(anonymous[i] + file[i]);
    return median_and_range(sum);
  }
};
using Moments = std::map<std::string, Moment>;

void run_once(const std::string& load, const Configuration& configuration, const std::string& cache,
              Moments& moments) {
  std::vector<std::string> command = {helper_program("run_mix"), load, configuration.name};
  if (configuration.prepared) command.push_back(cache);
  std::istringstream lines(run_child(command, {"ONDA_ONNXRUNTIME=" + runtime_library(),
                                               "ONDA_BENCH_MODELS=" + models_directory().string()})
                               .output);
  std::string moment;
  double anonymous = 0;
  double file = 0;
  while (lines >> moment >> anonymous >> file) {
    moments[moment].anonymous.push_back(anonymous / kMebibyte);
    moments[moment].file.push_back(file / kMebibyte);
  }
  for (const char* each : {"loaded", "spike", "peak", "after", "idle"}) {
    if (!moments.contains(each)) throw std::runtime_error("run_mix printed no \"" + std::string(each) + '"');
  }
}

/// The largest live bytes of a run of the spike: what no allocator can do without.
double live_peak(const Workload& load) {
  std::vector<std::string> command = {helper_program("record_trace"), model_file(load.model)};
  for (const auto size : load.largest) command.push_back(std::to_string(size));
  const auto file = output_directory() / "spike.trace";
  std::ofstream(file) << run_child(command, {"ONDA_ONNXRUNTIME=" + runtime_library()}).output;
  return static_cast<double>(read_trace(file).live_peak) / kMebibyte;
}

void print_matrix(const std::string& load, const std::vector<Moments>& all, double floor) {
  fmt::print("\n{}: MiB resident (anonymous + file-backed), medians of {}; live peak of the spike {:.1f}\n",
             load, kMemorySamples, floor);
  fmt::print("{:45}{:>17}{:>17}{:>17}{:>17}{:>17}\n", "", "loaded", "peak", "after spike", "after load",
             "idle 5 s");
  for (std::size_t i = 0; i < all.size(); ++i) {
    fmt::print("{:45}", kConfigurations[i].title);
    for (const char* moment : {"loaded", "peak", "spike", "after", "idle"}) {
      const Moment& at = all[i].at(moment);
      fmt::print("{:>17}",
                 fmt::format("{:.0f} ({:.0f}+{:.0f})", at.resident().median,
                             median_and_range(at.anonymous).median, median_and_range(at.file).median));
    }
    fmt::print("\n");
  }
}

/// `matrix` gets every figure, the result is what they are judged by.
std::vector<Row> memory_rows(const std::string& name, std::vector<Row>& matrix) {
  const Workload load = workload(name);
  const auto cache = warm_cache(model_file(load.model));
  const double live = live_peak(load);
  std::vector<Moments> all(kConfigurations.size());
  for (std::size_t sample = 0; sample < kMemorySamples; ++sample) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::cerr << fmt::format("mix: {} memory, {}, {} of {}\n", name, kConfigurations[i].title, sample + 1,
                               kMemorySamples);
      run_once(name, kConfigurations[i], cache.directory, all[i]);
    }
  }
  print_matrix(name, all, live);

  const auto resident = [&](std::size_t i, const char* moment) { return all[i].at(moment).resident(); };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const char* moment : {"loaded", "peak", "spike", "after", "idle"}) {
      matrix.push_back(value_row(name + " / " + kConfigurations[i].title + " / " + moment, "MiB",
                                 resident(i, moment), std::nullopt, kConfigurations[0].title,
                                 resident(0, moment).median));
      matrix.push_back(value_row(name + ", anonymous / " + kConfigurations[i].title + " / " + moment, "MiB",
                                 median_and_range(all[i].at(moment).anonymous), std::nullopt));
    }
  }
  const auto against = [&](const std::string& what, const Estimate& value, const std::string& reference,
                           double by, std::optional<double> at_most) {
    Row row = value_row(name + ", " + what, "MiB", value, std::nullopt, reference, by);
    row.ratio = value.median / by;
    row.ci_low = value.low / by;
    row.ci_high = value.high / by;
    if (at_most) row.goal = Goal{.of = Goal::Of::ratio, .limit = *at_most};
    rows.push_back(row);
  };
  for (const std::size_t ours : {std::size_t{5}, std::size_t{8}}) {
    const std::size_t trimmed = ours == 5 ? 1 : 7;
    const std::string& title = kConfigurations[ours].title;
    const double loaded = resident(ours, "loaded").median;
    against(title + ", peak", resident(ours, "peak"), "loaded + live peak", loaded + live, 1.05);
    against(title + ", peak", resident(ours, "peak"), "default arena", resident(0, "peak").median,
            std::nullopt);
    against(title + ", peak", resident(ours, "peak"), kConfigurations[trimmed].title,
            resident(trimmed, "peak").median, std::nullopt);
    against(title + ", idle", resident(ours, "idle"), "loaded", loaded, 1.05);
    against(title + ", loaded", resident(ours, "loaded"), "default arena", resident(0, "loaded").median, 0.5);
  }
  return rows;
}

/// Items a second over one slice of the mix.
double speed(const Workload& load, std::size_t sample,
             const std::function<void(const std::vector<std::int64_t>&)>& run) {
  constexpr std::size_t kRuns = 12;
  double items = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kRuns; ++i) {
    const auto& sizes = load.mix[(sample * kRuns + i) % load.mix.size()];
    run(sizes);
    items += load.items(sizes);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return items / spent.count();
}

std::vector<Row> speed_rows(const std::string& name) {
  const Workload load = workload(name);
  const std::string model = model_file(load.model).string();
  OndaSession recycling(model, {.strategy = MemoryStrategy::recycling});
  OndaSession arena(model, {.strategy = MemoryStrategy::arena});
  OndaSession arena_again(model, {.strategy = MemoryStrategy::arena});
  OndaSession no_arena(model, {.strategy = MemoryStrategy::system});
  // Joins the environment that Onda has made.
  const PlainRuntime plain;
  PlainSession shrunk(plain, model, {.run_config = {{"memory.enable_memory_arena_shrinkage", "cpu:0"}}});
  struct Contender {
    std::string title;
    std::function<void(const std::vector<std::int64_t>&)> run;
    std::vector<double> speeds = {};
  };
  std::vector<Contender> all = {
      {"recycling", [&](const auto& sizes) { recycling.run(sizes); }},
      {"default arena", [&](const auto& sizes) { arena.run(sizes); }},
      {"default arena, another session", [&](const auto& sizes) { arena_again.run(sizes); }},
      {"no arena", [&](const auto& sizes) { no_arena.run(sizes); }},
      {"arena, shrunk after each run", [&](const auto& sizes) { shrunk.run(sizes); }}};
  // The spike is memory's matter; here it would only take time.
  Workload steady = load;
  std::erase(steady.mix, load.largest);
  for (auto& contender : all) speed(steady, 0, contender.run);
  std::mt19937 random(2);
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  for (std::size_t sample = 0; sample < kSpeedSamples; ++sample) {
    std::cerr << fmt::format("mix: {} speed, {} of {}\n", name, sample + 1, kSpeedSamples);
    std::ranges::shuffle(order, random);
    for (const std::size_t i : order) all[i].speeds.push_back(speed(steady, sample, all[i].run));
  }
  const std::string unit = name == "resnet50" ? "images/s" : "tokens/s";
  const auto pair = [&](std::size_t ours, std::size_t reference) {
    return compare({.ours = all[ours].speeds, .reference = all[reference].speeds});
  };
  const Comparison self = pair(2, 1);
  const double spread = std::max(std::abs(1 - self.ratio.low), std::abs(self.ratio.high - 1));
  std::vector<Row> rows = {
      ratio_row(name + ", speed: default arena against itself", unit, all[1].title, self, std::nullopt)};
  for (const std::size_t reference : {std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
    rows.push_back(ratio_row(
        name + ", speed: recycling", unit, all[reference].title, pair(0, reference),
        Goal{.of = Goal::Of::ratio, .bound = Goal::Bound::at_least, .limit = 1 - spread, .of_median = true}));
  }
  return rows;
}

std::vector<Row> rows(std::vector<Row>& matrix) {
  std::vector<Row> rows;
  for (const std::string name : {"resnet50", "transformer"}) {
    for (auto& row : speed_rows(name)) rows.push_back(std::move(row));
    for (auto& row : memory_rows(name, matrix)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    const auto version = onda::runtime::Library::open({}).version();
    std::vector<onda::bench::Row> matrix;
    const auto rows = onda::bench::rows(matrix);
    const auto circumstances = onda::bench::present_circumstances(version);
    onda::bench::write_results("mix_memory", matrix, circumstances);
    onda::bench::publish("mix", rows, circumstances);
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_mix: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
