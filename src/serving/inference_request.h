#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "onda/error.h"
#include "onda/session.h"
#include "onda/tensor.h"

namespace onda::serving {

class Execution;
class ModelVersion;
class RequestQueue;
class Scheduler;

/// When a request was where. Unset points are those that it did not come to.
struct RequestTimes {
  using Point = std::chrono::steady_clock::time_point;
  Point received = {};       ///< its last byte was read
  Point queued = {};         ///< it was given to the scheduler
  Point compute_begin = {};  ///< its execution began: the inputs of a batch are gathered from here on
  Point infer_begin = {};    ///< the runtime was called
  Point infer_end = {};      ///< the runtime returned
  Point compute_end = {};    ///< its outputs are ready
};

/// Why a request failed, as far as the code does not tell. The transports have a status of their own for
/// each.
enum class FailureSituation {
  none,
  queue_full,     ///< 503 / RESOURCE_EXHAUSTED, try again
  queue_timeout,  ///< it expired before it ran: 503 / UNAVAILABLE, "Request timeout expired"
  shutting_down,  ///< 503 / UNAVAILABLE
};

/// What came of a request: outputs or an error.
struct InferenceResult {
  std::optional<Error> error;
  FailureSituation situation = FailureSituation::none;
  /// Those that were asked for, in the order asked for, else all in the model's order. Shapes are the
  /// client's (with the batch dimension). Valid while `hold` lives.
  std::vector<NamedView> outputs;
  /// Keeps the elements behind `outputs`. They may be slices of a batch that others hold too.
  std::shared_ptr<const void> hold;
  RequestTimes times;

  /// Empty, with the memory of its vectors kept.
  void clear() noexcept;
};

/// One inference. A transport derives from it, fills it, gives it to `ModelVersion::submit` and keeps it, and
/// all that its views point to, until `on_complete` was called. Reusable after that.
///
/// Filled by one thread; from `submit` to `on_complete` only `cancel` may be called.
class InferenceRequest {
 public:
  InferenceRequest() = default;
  InferenceRequest(const InferenceRequest&) = delete;
  InferenceRequest& operator=(const InferenceRequest&) = delete;
  virtual ~InferenceRequest() = default;

  /// The version that it runs on; keeps it loaded.
  std::shared_ptr<ModelVersion> version;
  /// Shapes are the client's, with the batch dimension. In any order.
  std::vector<NamedView> inputs;
  /// Names of the wanted outputs; none: all.
  std::vector<std::string_view> outputs;
  /// 0: the version's default; 1 is the highest.
  std::uint64_t priority = 0;
  /// How long it may wait in a queue; 0: the version's default. Counts where its queue policy allows it.
  std::chrono::microseconds timeout{0};
  /// Until when the client waits for it. A run that is not over then is ended (deadline_exceeded).
  std::optional<std::chrono::steady_clock::time_point> deadline;

  InferenceResult result;

  /// The client is gone, or no longer wants it: a queued request is completed with `cancelled` without having
  /// run, a running one is ended as soon as nobody else needs its run. From any thread, at any time between
  /// `submit` and the return of `on_complete`; twice is harmless.
  void cancel() noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  /// Ready for the next: empty, with the memory of its vectors kept.
  void reset() noexcept;

 protected:
  /// `result` is there. Called exactly once for each `submit`, on any thread, also within `submit`. The
  /// request may be destroyed within it.
  virtual void on_complete() noexcept = 0;

 private:
  friend class ModelVersion;
  friend class RequestQueue;
  friend class Scheduler;
  friend class Execution;
  enum class Place { outside, queued, running };

  /// Its completion, for those that schedule it.
  void complete() noexcept { on_complete(); }

  std::atomic<bool> cancelled_{false};
  // Settled by the check against the model.
  std::vector<NamedView> model_inputs_;  // as the model wants them, in its order
  std::vector<Tensor> repeated_;         // inputs that had to be broadcast
  std::vector<std::uint32_t> wanted_;    // indices of the wanted outputs; none: all
  std::int64_t items_ = 1;               // the batch dimension; 1 where the model has none
  std::uint64_t shape_key_ = 0;          // equal for requests that may share a batch
  std::uint64_t input_bytes_ = 0;
  // The queue's, guarded by the scheduler's mutex.
  Place place_ = Place::outside;
  unsigned level_ = 0;  // of its priority
  bool is_put_off_ = false;
  std::chrono::steady_clock::time_point expires_ = std::chrono::steady_clock::time_point::max();
  InferenceRequest* next_ = nullptr;
  InferenceRequest* previous_ = nullptr;
  Execution* execution_ = nullptr;  // while it runs on a worker
};

}  // namespace onda::serving
