#pragma once

#include <onnxruntime_c_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/memory/plain_session.h"
#include "bench/session/api_loop.h"

namespace onda::bench {

/// How often a model runs without any server, by ONNX Runtime's C API: one session, so many callers.
struct BareConfiguration {
  int threads = 1;  ///< of each run
  std::size_t callers = 1;
  std::int64_t batch = 1;
  bool spinning = true;
  [[nodiscard]] std::string text() const;
};

/// A model with one input and one output, both float32, whose first dimension is the batch; fed as the server
/// is.
class BareModel {
 public:
  struct Shape {
    std::string file;
    std::string input;
    std::string output;
    std::vector<std::int64_t> item;  ///< without the batch
    std::int64_t outputs = 0;        ///< elements an item
  };

  BareModel(const PlainRuntime& runtime, const Shape& shape, const BareConfiguration& configuration);
  BareModel(const BareModel&) = delete;
  BareModel& operator=(const BareModel&) = delete;
  ~BareModel();

  [[nodiscard]] const BareConfiguration& configuration() const { return configuration_; }

  /// Milliseconds of each of so many runs by one caller.
  [[nodiscard]] std::vector<double> run_times_ms(std::size_t count);

  struct Throughput {
    double items_per_second = 0;
    std::vector<double> run_times_ms;  ///< of all callers
  };
  /// All callers for that long.
  [[nodiscard]] Throughput run_for(double seconds);

 private:
  struct Caller;

  const OrtApi& api_;
  BareConfiguration configuration_;
  OrtSession* session_ = nullptr;
  std::vector<std::unique_ptr<Caller>> callers_;
};

/// The models of the benchmark.
[[nodiscard]] BareModel::Shape resnet_shape();
[[nodiscard]] BareModel::Shape batching_shape();

/// Lets the threads of ONNX Runtime's pools stop spinning, so that they take nothing from what is measured
/// next.
void wait_for_spinning_to_end();

}  // namespace onda::bench
