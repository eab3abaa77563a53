// What an allocation costs, and what lies idle at the peak, when the allocations of one run of ResNet-50 at
// batch 32 are replayed: malloc, ONNX Runtime's usual stand-ins, and Onda's allocators. One fresh process a
// sample, the allocators in random order.

#include <algorithm>
#include <exception>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "bench/harness/child_process.h"
#include "bench/harness/programs.h"
#include "bench/harness/report.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

constexpr std::size_t kSamples = 10;
const std::vector<std::string> kAllocators = {"malloc", "system", "free-list", "recycling-unplanned",
                                              "recycling"};
const std::map<std::string, std::string> kTitles = {
    {"malloc", "malloc"},
    {"system", "SystemAllocator"},
    {"free-list", "free list of exact sizes, one mutex"},
    {"recycling-unplanned", "RecyclingAllocator, not told of rounds"},
    {"recycling", "RecyclingAllocator"}};

struct Sample {
  double mean = 0;
  double p99 = 0;
  double live_peak = 0;
  double held_peak = 0;
};

/// By allocator, sample by sample.
using Samples = std::map<std::string, std::vector<Sample>>;

Sample replay(const std::string& allocator, int threads, int rounds, const std::string& mode) {
  const auto trace = std::string(ONDA_BENCH_TRACES) + "/resnet50_32.trace";
  std::istringstream words(run_child({helper_program("replay_trace"), trace, allocator,
                                      std::to_string(threads), std::to_string(rounds), mode})
                               .output);
  Sample sample;
  words >> sample.mean >> sample.p99 >> sample.live_peak >> sample.held_peak;
  return sample;
}

Samples measure(std::mt19937& random, int threads, int rounds, const std::string& mode) {
  Samples samples;
  auto order = kAllocators;
  for (std::size_t i = 0; i < kSamples; ++i) {
    std::ranges::shuffle(order, random);
    for (const auto& allocator : order)
      samples[allocator].push_back(replay(allocator, threads, rounds, mode));
  }
  return samples;
}

std::vector<double> column(const std::vector<Sample>& samples, double Sample::*member) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*member);
  return values;
}

Comparison beside_malloc(const Samples& samples, const std::string& allocator, double Sample::*member) {
  return compare(
      {.ours = column(samples.at(allocator), member), .reference = column(samples.at("malloc"), member)});
}

Row idle_row(const Samples& samples, const std::string& allocator, const std::string& what) {
  std::vector<double> idle;
  for (const Sample& sample : samples.at(allocator))
    idle.push_back(100 * std::max(0.0, 1 - sample.live_peak / sample.held_peak));
  const bool ours = allocator == "recycling";
  const Goal goal{.of = Goal::Of::value, .limit = 5};
  return value_row(what + ", idle at the peak: " + kTitles.at(allocator), "%", estimate_median(idle),
                   ours ? std::optional(goal) : std::nullopt);
}

std::vector<Row> rows() {
  std::mt19937 random(1);
  std::vector<Row> rows;
  for (const int threads : {1, 2}) {
    const std::string what = threads == 1 ? "1 thread" : "2 threads";
    std::cerr << "allocation: " << what << '\n';
    const Samples plain = measure(random, threads, 1000, "plain");
    const Samples timed = measure(random, threads, 1000, "timed");
    const Samples written = measure(random, threads, 100, "written");
    for (const auto& name : kAllocators) {
      const auto& title = kTitles.at(name);
      const bool ours = name == "recycling";
      const Goal mean_goal{.of = Goal::Of::value, .limit = 50};
      rows.push_back(value_row(what + ", mean: " + title, "ns",
                               estimate_median(column(plain.at(name), &Sample::mean)),
                               ours ? std::optional(mean_goal) : std::nullopt));
      rows.push_back(value_row(what + ", p99: " + title, "ns",
                               estimate_median(column(timed.at(name), &Sample::p99)), std::nullopt));
      const Goal faster{.of = Goal::Of::ratio, .limit = 1.0 / 20};
      rows.push_back(ratio_row(what + ", mean with every page written: " + title, "ns", "malloc",
                               beside_malloc(written, name, &Sample::mean),
                               ours ? std::optional(faster) : std::nullopt));
      rows.push_back(idle_row(written, name, what));
    }
  }
  return rows;
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    const auto version = onda::runtime::Library::open({}).version();
    onda::bench::publish("allocation", onda::bench::rows(), onda::bench::present_circumstances(version));
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_allocation: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
