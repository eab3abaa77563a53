#include "serving/session_executor.h"

#include <chrono>
#include <utility>

#include "onda/error.h"
#include "telemetry/stripe.h"

namespace onda::serving {

SessionExecutor::Lane::Lane(Session opened) : session(std::move(opened)) {
  try {
    for (unsigned i = 0; i < telemetry::kStripes; ++i) pools.push_back(std::make_unique<TensorPool>(session));
  } catch (const Error& error) {
    // Strings, or no rank: ONNX Runtime allocates the outputs of each run.
    if (error.code() != ErrorCode::unimplemented) throw;
  }
}

SessionExecutor::Lanes::Lanes(Sessions sessions) : one_thread(std::move(sessions.one_thread)) {
  if (sessions.whole_machine) whole_machine.emplace(std::move(*sessions.whole_machine));
}

SessionExecutor::SessionExecutor(Sessions sessions) {
  allocator_ = sessions.one_thread.runtime().allocator();
  if (!allocator_) allocator_ = system_allocator();
  auto lanes = std::make_shared<Lanes>(std::move(sessions));
  is_predictable_ = lanes->one_thread.lends() && lanes->one_thread.pools.front()->lends_all_outputs();
  lanes_.store(std::move(lanes));
}

void SessionExecutor::replace(Sessions sessions) {
  lanes_.store(std::make_shared<Lanes>(std::move(sessions)));
}

SessionExecutor::Sessions SessionExecutor::sessions() const {
  const auto lanes = lanes_.load();
  Sessions sessions{lanes->one_thread.session, std::nullopt};
  if (lanes->whole_machine) sessions.whole_machine = lanes->whole_machine->session;
  return sessions;
}

namespace {

// Waking a thread for each operator costs some microseconds; half of less than this is not worth it.
constexpr std::chrono::milliseconds kWorthThreads{1};

}  // namespace

void SessionExecutor::run(std::span<const NamedView> inputs, Parallelism parallelism,
                          const RunOptions& options, Executed& executed) {
  if (parallelism == Parallelism::one_thread || !threads_would_help_ ||
      has_called_.load(std::memory_order_relaxed)) {
    run_on_lane(inputs, parallelism, options, executed);
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  run_on_lane(inputs, parallelism, options, executed);
  if (std::chrono::steady_clock::now() - begin < kWorthThreads || has_called_.exchange(true)) return;
  threads_would_help_();
}

void SessionExecutor::run_on_lane(std::span<const NamedView> inputs, Parallelism parallelism,
                                  const RunOptions& options, Executed& executed) {
  executed.outputs.clear();
  executed.hold.reset();
  const auto lanes = lanes_.load();
  const bool is_wide = parallelism == Parallelism::whole_machine && lanes->whole_machine.has_value();
  Lane& lane = is_wide ? *lanes->whole_machine : lanes->one_thread;
  if (lane.lends()) {
    TensorPool& pool = *lane.pools[telemetry::stripe()];
    auto lease = std::make_shared<TensorLease>(pool.acquire_outputs(inputs));
    lease->run(options);
    executed.outputs.assign(lease->outputs().begin(), lease->outputs().end());
    executed.hold = std::move(lease);
    return;
  }
  auto outputs = std::make_shared<std::vector<NamedTensor>>(lane.session.run(inputs, options));
  for (const NamedTensor& output : *outputs) executed.outputs.push_back({output.name, output.tensor.view()});
  executed.hold = std::move(outputs);
}

}  // namespace onda::serving
