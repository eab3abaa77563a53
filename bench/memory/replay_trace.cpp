// Usage: replay_trace TRACE ALLOCATOR THREADS ROUNDS plain|written|timed
//
// Replays a trace ROUNDS times on each of THREADS threads at once and prints, in bytes and nanoseconds,
//   MEAN P99 LIVE_PEAK HELD_PEAK
// MEAN: the time of all calls, allocations and frees, over the number of allocations. "written" writes one
// word to every page of each block, inside that time. "timed" takes the time of each allocation for P99 (0
// otherwise). LIVE_PEAK is the trace's, times the threads; HELD_PEAK is how far the process's anonymous
// memory has grown at most
// ("written" only: pages that nobody has touched are not there; 0 otherwise).
//
// Allocators: malloc; system, recycling, recycling-huge, recycling-unplanned (Onda's; "huge" with huge pages,
// "unplanned" without telling it where a round begins and ends); free-list (exact sizes in a table under one
// mutex, never given back).

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "bench/memory/process_memory.h"
#include "bench/memory/trace.h"
#include "memory/allocation_round.h"
#include "onda/recycling_allocator.h"

namespace onda::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct NoRound {};

struct Malloc {
  void* take(std::size_t bytes) { return std::malloc(bytes); }
  void give_back(void* block, std::size_t /*bytes*/) { std::free(block); }
  NoRound round() { return {}; }
  static void end(NoRound& /*round*/) {}
};

struct System {
  std::shared_ptr<Allocator> allocator = system_allocator();
  void* take(std::size_t bytes) { return allocator->allocate(bytes); }
  void give_back(void* block, std::size_t bytes) { allocator->deallocate(block, bytes); }
  NoRound round() { return {}; }
  static void end(NoRound& /*round*/) {}
};

struct FreeList {
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<void*>> free;
  void* take(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex);
      auto& blocks = free[bytes];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return block;
      }
    }
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void give_back(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    free[bytes].push_back(block);
  }
  NoRound round() { return {}; }
  static void end(NoRound& /*round*/) {}
};

struct Recycling {
  explicit Recycling(bool huge_pages = false) : allocator({.huge_pages = huge_pages}) {}
  RecyclingAllocator allocator;
  void* take(std::size_t bytes) { return allocator.allocate(bytes); }
  void give_back(void* block, std::size_t bytes) { allocator.deallocate(block, bytes); }
  NoRound round() { return {}; }
  static void end(NoRound& /*round*/) {}
};

struct PlannedRecycling : Recycling {
  using Recycling::Recycling;
  memory::RoundPlans plans;
  memory::AllocationRound round() { return {allocator, plans, 1}; }
  static void end(memory::AllocationRound& round) { round.complete(); }
};

struct PlannedHuge : PlannedRecycling {
  PlannedHuge() : PlannedRecycling(true) {}
};

/// A word to each page, as an operator that writes its output would.
void write_pages(void* block, std::size_t bytes) {
  auto* bytes_of = static_cast<volatile char*>(block);
  for (std::size_t at = 0; at < bytes; at += 4096) bytes_of[at] = 1;
}

enum class Mode { plain, written, timed };

template <class Source>
void replay(Source& source, const Trace& trace, int rounds, Mode mode, std::vector<double>& times) {
  std::vector<void*> blocks(trace.blocks);
  std::vector<std::size_t> sizes(trace.blocks);
  for (int i = 0; i < rounds; ++i) {
    auto round = source.round();
    for (const TraceEvent& event : trace.events) {
      if (event.is_free) {
        source.give_back(blocks[event.block], sizes[event.block]);
        continue;
      }
      sizes[event.block] = event.bytes;
      if (mode == Mode::timed) {
        const auto start = Clock::now();
        blocks[event.block] = source.take(event.bytes);
        times.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count());
      } else {
        blocks[event.block] = source.take(event.bytes);
      }
      if (mode == Mode::written) write_pages(blocks[event.block], event.bytes);
    }
    source.end(round);
  }
}

/// What reading the clock twice takes, to be subtracted.
double clock_cost() {
  std::vector<double> times;
  for (int i = 0; i < 10'001; ++i) {
    const auto start = Clock::now();
    times.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count());
  }
  std::ranges::nth_element(times, times.begin() + 5'000);
  return times[5'000];
}

double percentile_99(std::vector<double>& times) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
  std::ranges::nth_element(times, at);
  return std::max(0.0, *at - clock_cost());
}

template <class Source>
void measure(const Trace& trace, int threads, int rounds, Mode mode) {
  Source source;
  std::vector<double> unused;
  const auto before = process_memory().anonymous;
  const auto watch = mode == Mode::written ? std::make_unique<PeakMemory>() : nullptr;
  // The first rounds are not the steady state, but their memory counts.
  replay(source, trace, 3, mode == Mode::written ? mode : Mode::plain, unused);
  std::vector<std::vector<double>> times(static_cast<std::size_t>(threads));
  std::vector<double> spent(static_cast<std::size_t>(threads));
  {
    std::barrier together(threads);
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < spent.size(); ++caller) {
      if (mode == Mode::timed) times[caller].reserve(trace.blocks * static_cast<std::size_t>(rounds));
      callers.emplace_back([&, caller] {
        together.arrive_and_wait();
        const auto start = Clock::now();
        replay(source, trace, rounds, mode, times[caller]);
        spent[caller] = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
      });
    }
  }
  const auto peak = watch ? watch->peak().anonymous - before : 0;
  double total = 0;
  std::vector<double> all;
  for (std::size_t caller = 0; caller < spent.size(); ++caller) {
    total += spent[caller];
    all.insert(all.end(), times[caller].begin(), times[caller].end());
  }
  const double allocations = static_cast<double>(trace.blocks) * rounds * threads;
  std::cout << total / allocations << ' ' << (all.empty() ? 0 : percentile_99(all)) << ' '
            << trace.live_peak * static_cast<std::size_t>(threads) << ' ' << peak << '\n';
}

void run(std::span<char*> arguments) {
  if (arguments.size() != 6)
    throw std::invalid_argument("usage: replay_trace TRACE ALLOCATOR THREADS ROUNDS plain|written|timed");
  const Trace trace = read_trace(arguments[1]);
  const std::string name = arguments[2];
  const int threads = std::atoi(arguments[3]);
  const int rounds = std::atoi(arguments[4]);
  const std::string word = arguments[5];
  const Mode mode = word == "written" ? Mode::written : word == "timed" ? Mode::timed : Mode::plain;
  if (threads < 1 || rounds < 1 || (mode == Mode::plain && word != "plain"))
    throw std::invalid_argument("a count is below 1, or the mode is unknown");
  const std::unordered_map<std::string, std::function<void()>> all = {
      {"malloc", [&] { measure<Malloc>(trace, threads, rounds, mode); }},
      {"system", [&] { measure<System>(trace, threads, rounds, mode); }},
      {"free-list", [&] { measure<FreeList>(trace, threads, rounds, mode); }},
      {"recycling-unplanned", [&] { measure<Recycling>(trace, threads, rounds, mode); }},
      {"recycling", [&] { measure<PlannedRecycling>(trace, threads, rounds, mode); }},
      {"recycling-huge", [&] { measure<PlannedHuge>(trace, threads, rounds, mode); }}};
  const auto found = all.find(name);
  if (found == all.end()) throw std::invalid_argument("there is no allocator \"" + name + "\"");
  found->second();
}

}  // namespace
}  // namespace onda::bench

int main(int argc, char** argv) {
  try {
    onda::bench::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    std::cerr << "replay_trace: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
