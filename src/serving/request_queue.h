#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "serving/batch_rule.h"
#include "serving/inference_request.h"
#include "serving/queue_policy.h"

namespace onda::serving {

/// The requests of one version that wait: a list for each priority, first in first out, and one for those
/// that were put off because they expired (QueuePolicy::TimeoutAction::delay). Intrusive: it allocates
/// nothing for a request. Its user synchronises.
class RequestQueue {
 public:
  using Point = std::chrono::steady_clock::time_point;
  enum class Pushed { queued, full };

  explicit RequestQueue(QueueOptions options);

  /// Settles the request's priority and its time to live; full where its list, or all together, have no room.
  [[nodiscard]] Pushed push(InferenceRequest& request, Point now) noexcept;
  void remove(InferenceRequest& request) noexcept;

  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The first in the order of service; null where it is empty.
  [[nodiscard]] InferenceRequest* front() const noexcept;

  /// The first `most` in the order of service. The two lists belong together.
  void list(std::size_t most, std::vector<Waiting>& waiting, std::vector<InferenceRequest*>& requests) const;

  /// Takes one out that is over: cancelled, past its client's deadline, or expired in the queue; what is to
  /// be put off is put off. Null where none is.
  [[nodiscard]] InferenceRequest* take_over(Point now) noexcept;
  /// When `take_over` may have work next; `Point::max()` for never.
  [[nodiscard]] Point next_expiry() const noexcept { return next_expiry_; }

 private:
  struct List {
    InferenceRequest* first = nullptr;
    InferenceRequest* last = nullptr;
    std::size_t size = 0;
  };

  [[nodiscard]] const QueuePolicy& policy_of(unsigned level) const noexcept;
  [[nodiscard]] static Point end_of(const InferenceRequest& request) noexcept;
  void append(List& list, InferenceRequest& request) noexcept;
  void unlink(List& list, InferenceRequest& request) noexcept;

  QueueOptions options_;
  std::vector<QueuePolicy> policies_;  // by level
  std::vector<List> lists_;            // by level; the last is that of the put off
  std::size_t size_ = 0;
  Point next_expiry_ = Point::max();  // or earlier
};

}  // namespace onda::serving
