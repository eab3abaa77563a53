#pragma once

#include <chrono>
#include <cstddef>
#include <random>
#include <utility>

#include "bench/harness/statistics.h"

namespace onda::bench {

/// Calls `ours` and `reference`, each of which returns one measurement, `pairs` times one after the other; a
/// coin decides in each pair which comes first, so that neither always finds the caches as the other left
/// them. What slows the machine down for a while hits both.
template <class Ours, class Reference>
[[nodiscard]] Pairs measure_pairs(std::size_t pairs, std::mt19937& random, Ours ours, Reference reference) {
  Pairs measured;
  std::bernoulli_distribution ours_first;
  for (std::size_t i = 0; i < pairs; ++i) {
    double of_ours = 0;
    double of_reference = 0;
    if (ours_first(random)) {
      of_ours = ours();
      of_reference = reference();
    } else {
      of_reference = reference();
      of_ours = ours();
    }
    measured.ours.push_back(of_ours);
    measured.reference.push_back(of_reference);
  }
  return measured;
}

/// Microseconds of one of `calls` calls.
template <class Call>
[[nodiscard]] double microseconds_per_call(std::size_t calls, Call call) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < calls; ++i) call();
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(calls);
}

}  // namespace onda::bench
