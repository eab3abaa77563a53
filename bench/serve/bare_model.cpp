#include "bench/serve/bare_model.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>

#include "bench/harness/model_inputs.h"
#include "bench/serve/settings.h"

namespace onda::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::int64_t> with_batch(std::int64_t batch, const std::vector<std::int64_t>& item) {
  std::vector<std::int64_t> shape = {batch};
  shape.insert(shape.end(), item.begin(), item.end());
  return shape;
}

std::vector<float> repeated_items(std::int64_t batch, const std::vector<std::int64_t>& item) {
  std::size_t elements = 1;
  for (const std::int64_t size : item) elements *= static_cast<std::size_t>(size);
  const auto values = seeded_values(elements);
  std::vector<float> all;
  for (std::int64_t i = 0; i < batch; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

std::string BareConfiguration::text() const {
  return std::to_string(callers) + (callers == 1 ? " caller" : " callers") + " x " + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads") + (batch == 1 ? "" : ", batch " + std::to_string(batch)) +
         (spinning ? "" : ", no spinning");
}

struct BareModel::Caller {
  Caller(const OrtApi& api, OrtSession& session, const Shape& shape, std::int64_t batch)
      : input(repeated_items(batch, shape.item)),
        output(static_cast<std::size_t>(batch * shape.outputs)),
        loop(api, session, {shape.input, shape.output, with_batch(batch, shape.item), {batch, shape.outputs}},
             input, output) {}

  std::vector<float> input;
  std::vector<float> output;
  ApiLoop loop;
};

BareModel::BareModel(const PlainRuntime& runtime, const Shape& shape, const BareConfiguration& configuration)
    : api_(runtime.api()), configuration_(configuration) {
  OrtSessionOptions* options = nullptr;
  must(api_, api_.CreateSessionOptions(&options));
  must(api_, api_.SetIntraOpNumThreads(options, configuration.threads));
  if (!configuration.spinning) {
    must(api_, api_.AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
  }
  must(api_, api_.CreateSession(runtime.env(), model_file(shape.file).c_str(), options, &session_));
  api_.ReleaseSessionOptions(options);
  for (std::size_t i = 0; i < configuration.callers; ++i) {
    callers_.push_back(std::make_unique<Caller>(api_, *session_, shape, configuration.batch));
    // The first runs allocate.
    for (int run = 0; run < 3; ++run) callers_.back()->loop.run_preallocated();
  }
}

BareModel::~BareModel() {
  callers_.clear();
  api_.ReleaseSession(session_);
}

std::vector<double> BareModel::run_times_ms(std::size_t count) {
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    callers_.front()->loop.run_preallocated();
    times.push_back(milliseconds_since(start));
  }
  return times;
}

BareModel::Throughput BareModel::run_for(double seconds) {
  std::vector<std::vector<double>> times(callers_.size());
  std::vector<double> rates(callers_.size());
  std::barrier ready(static_cast<std::ptrdiff_t>(callers_.size()));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < callers_.size(); ++i) {
      threads.emplace_back([&, i] {
        ready.arrive_and_wait();
        const auto start = Clock::now();
        while (milliseconds_since(start) < seconds * 1e3) {
          const auto run_start = Clock::now();
          callers_[i]->loop.run_preallocated();
          times[i].push_back(milliseconds_since(run_start));
        }
        // To the end of the last run, so that no part of one is lost.
        rates[i] = static_cast<double>(times[i].size()) / (milliseconds_since(start) * 1e-3);
      });
    }
  }
  Throughput result;
  for (std::size_t i = 0; i < callers_.size(); ++i) {
    result.items_per_second += rates[i] * static_cast<double>(configuration_.batch);
    result.run_times_ms.insert(result.run_times_ms.end(), times[i].begin(), times[i].end());
  }
  return result;
}

BareModel::Shape resnet_shape() { return {kResNetFile, "data", "prob", {3, 224, 224}, 1000}; }

BareModel::Shape batching_shape() { return {kBatchingFile, "x", "y", {64}, 10}; }

void wait_for_spinning_to_end() { std::this_thread::sleep_for(std::chrono::milliseconds(80)); }

}  // namespace onda::bench
