// `onda serve` beside other ways to put the same models behind HTTP, on this machine, in one run. All of them
// run at once; one at a time is asked, in an order drawn anew each round.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/harness/report.h"
#include "bench/peers/peer.h"
#include "bench/serve/http_load.h"
#include "bench/serve/wrk.h"
#include "cli/svg_plot.h"
#include "runtime/library.h"

namespace onda::bench {
namespace {

constexpr double kMebibyte = 1 << 20;

/// A column of the table.
struct Load {
  std::string title;
  std::string model;
  std::size_t connections;
  double seconds;
};

const std::vector<Load> kLoads = {{"tiny, 1 connection", "tiny", 1, 2},
                                  {"tiny, 8 connections", "tiny", 8, 2},
                                  {"tiny, 64 connections", "tiny", 64, 2},
                                  {"ResNet-50, 1 connection", "resnet50", 1, 4},
                                  {"ResNet-50, 4 connections", "resnet50", 4, 4}};

/// What was measured of one peer.
struct Standing {
  Peer peer;
  std::unique_ptr<RunningPeer> running = {};
  std::vector<double> starts_ms = {};
  double memory_mebibytes = 0;
  // One list a load, one value a round.
  std::vector<std::vector<double>> per_second = {};
  std::vector<std::vector<double>> p50_ms = {};
  std::vector<std::vector<double>> p99_ms = {};
};

void start(Standing& standing, std::size_t starts) {
  try {
    if (!standing.peer.why_missing.empty()) return;
    for (std::size_t i = 0; i < starts; ++i) {
      standing.running.reset();
      standing.running = std::make_unique<RunningPeer>(standing.peer);
      // The first one fills the page cache.
      if (i > 0) standing.starts_ms.push_back(standing.running->start_ms());
    }
    standing.per_second.resize(kLoads.size());
    standing.p50_ms.resize(kLoads.size());
    standing.p99_ms.resize(kLoads.size());
  } catch (const std::exception& error) {
    standing.peer.why_missing = error.what();
    standing.running.reset();
  }
}

void ask(Standing& standing, const Wrk& wrk, std::size_t load, bool quick) {
  try {
    const WrkResult result =
        wrk.run(standing.running->port(), kLoads[load].connections, quick ? 1 : kLoads[load].seconds);
    standing.per_second[load].push_back(result.requests_per_second);
    standing.p50_ms[load].push_back(result.p50_us / 1e3);
    standing.p99_ms[load].push_back(result.p99_us / 1e3);
  } catch (const std::exception& error) {
    standing.peer.why_missing = error.what();
    standing.running.reset();
  }
}

void measure_load(std::vector<Standing>& all, std::size_t load, std::size_t rounds, bool quick,
                  std::mt19937& random) {
  std::vector<Standing*> order;
  std::vector<Wrk> wrks;
  for (Standing& standing : all) {
    if (standing.running == nullptr) continue;
    const PeerCall call = standing.peer.call(kLoads[load].model);
    // Each has its own bytes: not all take the same.
    wrks.emplace_back("wrk_" + std::to_string(order.size()), call.path, call.body);
    order.push_back(&standing);
  }
  std::vector<std::size_t> turns(order.size());
  for (std::size_t i = 0; i < turns.size(); ++i) turns[i] = i;
  // Not counted: the first of each warms it up.
  for (const std::size_t i : turns) {
    for (int run = 0; run < 3 && order[i]->running; ++run) {
      static_cast<void>(
          fetch_once(order[i]->running->port(), order[i]->peer.call(kLoads[load].model).http()));
    }
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    std::ranges::shuffle(turns, random);
    for (const std::size_t i : turns) {
      if (order[i]->running) ask(*order[i], wrks[i], load, quick);
    }
    std::cerr << fmt::format("peers: {}, round {} of {}\n", kLoads[load].title, round + 1, rounds);
  }
}

Row matrix_row(const std::string& table, const std::string& line, const std::string& column,
               const std::string& unit, const std::vector<double>& values) {
  return value_row(fmt::format("{} / {} / {}", table, line, column), unit, median_and_range(values),
                   std::nullopt);
}

std::vector<Row> rows_of(const std::vector<Standing>& all) {
  std::vector<Row> rows;
  const auto add_loads = [&](const std::string& table, const std::string& unit,
                             std::vector<std::vector<double>> Standing::*values) {
    for (const Standing& standing : all) {
      if (!standing.running) continue;
      for (std::size_t i = 0; i < kLoads.size(); ++i) {
        rows.push_back(matrix_row(table, standing.peer.name, kLoads[i].title, unit, (standing.*values)[i]));
      }
    }
  };
  add_loads("requests a second", "requests/s", &Standing::per_second);
  add_loads("half of the requests within", "ms", &Standing::p50_ms);
  add_loads("99 of 100 requests within", "ms", &Standing::p99_ms);
  for (const Standing& standing : all) {
    if (!standing.running) continue;
    rows.push_back(
        matrix_row("memory", standing.peer.name, "Pss after the load", "MiB", {standing.memory_mebibytes}));
    rows.push_back(matrix_row("start", standing.peer.name, "exec to first answer", "ms", standing.starts_ms));
    rows.push_back(
        matrix_row("size", standing.peer.name, "on disk", "MiB", {standing.peer.disk_bytes / kMebibyte}));
  }
  return rows;
}

double median(const std::vector<double>& values) { return median_and_range(values).median; }

void print_table(const std::vector<Standing>& all) {
  fmt::print("\n{:20}", "");
  for (const Load& load : kLoads) fmt::print("{:>26}", load.title);
  fmt::print("{:>12}{:>12}{:>12}\n{:20}", "memory", "start", "on disk", "");
  for (std::size_t i = 0; i < kLoads.size(); ++i) fmt::print("{:>26}", "/s (p50, p99 ms)");
  fmt::print("{:>12}{:>12}{:>12}\n", "MiB (Pss)", "ms", "MiB");
  for (const Standing& standing : all) {
    fmt::print("{:20}", standing.peer.name);
    if (!standing.running) {
      fmt::print("  not measured: {}\n", standing.peer.why_missing);
      continue;
    }
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
      fmt::print("{:>26}", fmt::format("{:.4g} ({:.3g}, {:.3g})", median(standing.per_second[i]),
                                       median(standing.p50_ms[i]), median(standing.p99_ms[i])));
    }
    fmt::print("{:>12.1f}{:>12.1f}{:>12.1f}\n", standing.memory_mebibytes, median(standing.starts_ms),
               standing.peer.disk_bytes / kMebibyte);
  }
  std::fflush(stdout);
}

void draw(const std::vector<Standing>& all) {
  const auto panel = [&](const std::string& title, const std::string& unit, const std::string& model,
                         std::vector<std::vector<double>> Standing::*values) {
    cli::PlotPanel chart{
        .title = title, .unit = unit, .category_name = "connections", .categories = {}, .series = {}};
    for (const Load& load : kLoads) {
      if (load.model == model) chart.categories.push_back(std::to_string(load.connections));
    }
    for (const Standing& standing : all) {
      if (!standing.running) continue;
      cli::PlotSeries series{standing.peer.name, {}};
      for (std::size_t i = 0; i < kLoads.size(); ++i) {
        if (kLoads[i].model == model) series.values.push_back(median((standing.*values)[i]));
      }
      chart.series.push_back(std::move(series));
    }
    return chart;
  };
  const auto file = output_directory() / "peers.svg";
  std::ofstream stream(file);
  stream << cli::plot_svg("The same models behind HTTP and JSON",
                          {panel("Tiny model", "requests/s", "tiny", &Standing::per_second),
                           panel("Tiny model, 99 of 100 within", "ms", "tiny", &Standing::p99_ms),
                           panel("ResNet-50", "requests/s", "resnet50", &Standing::per_second)});
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
  std::cout << "\nplot: " << file.string() << '\n';
}

int run() {
  const char* value = std::getenv("ONDA_BENCH_QUICK");
  const bool quick = value != nullptr && std::string(value) == "1";
  std::mt19937 random(1);
  std::vector<Standing> all;
  for (Peer& peer : find_peers()) all.push_back({.peer = std::move(peer)});
  for (Standing& standing : all) start(standing, quick ? 3 : 6);
  for (std::size_t load = 0; load < kLoads.size(); ++load)
    measure_load(all, load, quick ? 3 : 5, quick, random);
  for (Standing& standing : all) {
    if (standing.running)
      standing.memory_mebibytes = standing.running->program().proportional_bytes() / kMebibyte;
  }
  print_table(all);
  std::filesystem::create_directories(output_directory() / "partial");
  write_results(quick ? "partial/peers" : "peers", rows_of(all),
                present_circumstances(runtime::Library::open({}).version()));
  draw(all);
  return 0;
}

}  // namespace
}  // namespace onda::bench

int main() {
  try {
    return onda::bench::run();
  } catch (const std::exception& error) {
    std::cerr << "onda_bench_peers: " << error.what() << '\n';
    return 1;
  }
}
