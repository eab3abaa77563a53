#include "serving/inference_request.h"

#include "serving/model_version.h"

namespace onda::serving {

void InferenceResult::clear() noexcept {
  error.reset();
  situation = FailureSituation::none;
  outputs.clear();
  hold.reset();
  times = {};
}

void InferenceRequest::cancel() noexcept {
  // Relaxed: who acts on it does so under the scheduler's mutex, or asks again later.
  cancelled_.store(true, std::memory_order_relaxed);
  if (version) version->cancel(*this);
}

void InferenceRequest::reset() noexcept {
  version.reset();
  inputs.clear();
  outputs.clear();
  priority = 0;
  timeout = {};
  deadline.reset();
  result.clear();
  cancelled_.store(false, std::memory_order_relaxed);
  model_inputs_.clear();
  repeated_.clear();
  wanted_.clear();
  items_ = 1;
  shape_key_ = 0;
  input_bytes_ = 0;
  place_ = Place::outside;
  is_put_off_ = false;
  expires_ = std::chrono::steady_clock::time_point::max();
}

}  // namespace onda::serving
