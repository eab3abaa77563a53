#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "bench/memory/plain_session.h"
#include "bench/serve/serve_report.h"
#include "bench/serve/settings.h"

namespace onda::bench {

/// What all parts of the benchmark are given.
struct Bench {
  Settings settings;
  const PlainRuntime& runtime;
  std::mt19937 random;
  ServeReport report;

  /// Calls each side once a round, in an order drawn anew each time; returns what each measured, round by
  /// round.
  [[nodiscard]] std::vector<std::vector<double>> alternate(
      const std::vector<std::function<double()>>& sides) {
    std::vector<std::size_t> order(sides.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::vector<std::vector<double>> measured(sides.size());
    for (std::size_t round = 0; round < settings.rounds(); ++round) {
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t side : order) measured[side].push_back(sides[side]());
    }
    return measured;
  }
};

/// Each adds its rows to the report and throws std::runtime_error where it cannot.
void measure_tiny_over_http(Bench& bench);
void measure_resnet(Bench& bench);
void measure_grpc(Bench& bench);
void measure_batching(Bench& bench);
void measure_open_loop(Bench& bench);
void measure_mixed_load(Bench& bench);
void measure_second_instance(Bench& bench);
void measure_start(Bench& bench);

}  // namespace onda::bench
