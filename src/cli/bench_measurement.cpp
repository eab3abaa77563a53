#include "cli/bench_measurement.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cli/allocation_count.h"
#include "cli/process_usage.h"

namespace onda::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Below this, stopping between runs is soon enough, and a token would cost each run.
constexpr auto kLongRun = std::chrono::milliseconds(50);
constexpr int kCountedRuns = 20;
constexpr auto kWatchInterval = std::chrono::milliseconds(5);

/// One thread's part: its own outputs, nothing shared but the inputs and the session.
class Caller {
 public:
  Caller(const Session& session, std::span<const NamedView> inputs, const MeasurementPlan& plan)
      : session_(session), inputs_(inputs), plan_(plan) {}

  /// Runs once for the outputs' shapes, then until the warm-up is over.
  void warm_up() {
    const auto start = Clock::now();
    auto outputs = session_.run(inputs_, RunOptions{plan_.stop, std::nullopt});
    if (Clock::now() - start > kLongRun) options_.stop = plan_.stop;
    keep(std::move(outputs));
    int runs = 1;
    while ((Clock::now() - start < plan_.warm_up || runs < 3) && !plan_.stop.stop_requested()) {
      run();
      ++runs;
    }
  }

  void run() {
    if (lent_.empty()) {
      (void)session_.run(inputs_, options_);
    } else {
      session_.run(inputs_, lent_, options_);
    }
  }

  void run_timed() {
    const auto start = Clock::now();
    run();
    latencies.add(Clock::now() - start);
  }

  LatencyHistogram latencies;

 private:
  /// Lends what the first run allocated to all later ones. Strings cannot be lent.
  void keep(std::vector<NamedTensor> outputs) {
    outputs_ = std::move(outputs);
    for (auto& [name, tensor] : outputs_) {
      if (is_fixed_size(tensor.dtype())) lent_.push_back({name, tensor.mutable_view()});
    }
  }

  const Session& session_;
  std::span<const NamedView> inputs_;
  const MeasurementPlan& plan_;
  RunOptions options_;
  std::vector<NamedTensor> outputs_;
  std::vector<NamedMutableView> lent_;
};

/// What the callers share while they run.
struct Shared {
  std::atomic<std::int64_t> remaining{0};
  std::atomic<bool> has_failed{false};
  // Until all callers have their threads: where the system gives too few, the last one has taken what memory
  // there was, and a run that finds none ends the process within ONNX Runtime.
  std::atomic<bool> may_begin{false};
  std::mutex mutex;
  std::condition_variable has_ended;
  std::size_t running = 0;     // guarded by mutex
  std::exception_ptr failure;  // guarded by mutex

  void fail(const std::exception_ptr& reason = std::current_exception()) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = reason;
    has_failed = true;
  }
  void begin() {
    const std::lock_guard lock(mutex);
    ++running;
  }
  void end() noexcept {
    const std::lock_guard lock(mutex);
    --running;
    has_ended.notify_all();
  }
};

/// Looks at `allocator` now and then until nobody runs any more: between runs nothing is live.
AllocatorStatistics watch(const Allocator& allocator, Shared& shared) {
  AllocatorStatistics most = allocator.statistics();
  std::unique_lock lock(shared.mutex);
  while (!shared.has_ended.wait_for(lock, kWatchInterval, [&] { return shared.running == 0; })) {
    const auto now = allocator.statistics();
    if (now.live_bytes > most.live_bytes) most = now;
  }
  return most;
}

void run_timed_until_done(Caller& caller, const MeasurementPlan& plan, Shared& shared,
                          Clock::time_point end) {
  while (!shared.has_failed.load(std::memory_order_relaxed) && !plan.stop.stop_requested()) {
    if (plan.iterations) {
      // Relaxed: only the count matters.
      if (shared.remaining.fetch_sub(1, std::memory_order_relaxed) <= 0) return;
    } else if (Clock::now() >= end) {
      return;
    }
    caller.run_timed();
  }
}

std::exception_ptr too_few_threads(std::size_t started, std::size_t wanted) {
  return std::make_exception_ptr(
      Error(ErrorCode::resource_exhausted, "the system gave threads to " + std::to_string(started) + " of " +
                                               std::to_string(wanted) +
                                               " callers; give fewer (--concurrency) or raise its limits"));
}

/// Of one caller, when all others are done: those of every caller would be alike.
std::optional<double> count_allocations(Caller& caller) {
  if (!AllocationCount::so_far()) return std::nullopt;
  const std::uint64_t before = *AllocationCount::so_far();
  AllocationCount::start();
  for (int i = 0; i < kCountedRuns; ++i) caller.run();
  AllocationCount::stop();
  return static_cast<double>(*AllocationCount::so_far() - before) / kCountedRuns;
}

}  // namespace

Measurement measure(const Session& session, std::span<const NamedView> inputs, const MeasurementPlan& plan) {
  std::vector<std::unique_ptr<Caller>> callers;
  for (std::int64_t i = 0; i < plan.callers; ++i) {
    callers.push_back(std::make_unique<Caller>(session, inputs, plan));
  }
  Measurement result;
  Shared shared;
  shared.remaining = plan.iterations.value_or(0);
  Clock::time_point start;
  std::chrono::nanoseconds cpu_before{};
  // All callers begin to count in the same moment, when the last one is warm.
  std::barrier warm(plan.callers, [&]() noexcept {
    reset_peak_memory();
    cpu_before = process_cpu_time();
    start = Clock::now();
  });
  const auto work = [&](Caller& caller) noexcept {
    shared.may_begin.wait(false);
    try {
      if (!shared.has_failed) caller.warm_up();
    } catch (...) {
      shared.fail();
    }
    warm.arrive_and_wait();
    try {
      run_timed_until_done(caller, plan, shared, start + plan.duration);
    } catch (...) {
      shared.fail();
    }
    shared.end();
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(callers.size());
    try {
      for (auto& caller : callers) {
        shared.begin();
        threads.emplace_back(work, std::ref(*caller));
      }
    } catch (const std::exception&) {
      try {
        shared.fail(too_few_threads(threads.size(), callers.size()));
      } catch (...) {
        shared.fail();
      }
      shared.end();
      // Those that run wait for all.
      for (auto missing = callers.size() - threads.size(); missing > 0; --missing) warm.arrive_and_drop();
    }
    shared.may_begin = true;
    shared.may_begin.notify_all();
    if (plan.watched != nullptr) result.memory = watch(*plan.watched, shared);
  }
  result.wall = Clock::now() - start;
  result.cpu = process_cpu_time() - cpu_before;
  result.peak_memory_bytes = peak_memory_bytes();
  if (shared.failure) std::rethrow_exception(shared.failure);
  if (plan.stop.stop_requested()) throw Error(ErrorCode::cancelled, "interrupted");
  for (const auto& caller : callers) result.latencies.merge(caller->latencies);
  result.allocations_per_run = count_allocations(*callers.front());
  return result;
}

}  // namespace onda::cli
