#include "serving/request_queue.h"

#include <algorithm>

namespace onda::serving {
namespace {

constexpr unsigned kMostLevels = 1024;

unsigned levels_of(const QueueOptions& options) noexcept {
  return std::clamp(options.priority_levels, 1U, kMostLevels);
}

}  // namespace

RequestQueue::RequestQueue(QueueOptions options)
    : options_(std::move(options)), policies_(levels_of(options_)), lists_(levels_of(options_) + 1) {
  for (unsigned level = 0; level < policies_.size(); ++level) {
    const auto own = options_.policies.find(level + 1);
    policies_[level] = own == options_.policies.end() ? options_.default_policy : own->second;
  }
}

const QueuePolicy& RequestQueue::policy_of(unsigned level) const noexcept { return policies_[level]; }

RequestQueue::Point RequestQueue::end_of(const InferenceRequest& request) noexcept {
  return request.deadline ? std::min(request.expires_, *request.deadline) : request.expires_;
}

RequestQueue::Pushed RequestQueue::push(InferenceRequest& request, Point now) noexcept {
  const auto levels = static_cast<std::uint64_t>(policies_.size());
  std::uint64_t priority = request.priority;
  // Out of range falls back to the default, whose own default is the lowest.
  if (priority == 0 || priority > levels) priority = options_.default_priority_level;
  if (priority == 0 || priority > levels) priority = levels;
  request.level_ = static_cast<unsigned>(priority - 1);
  const QueuePolicy& policy = policy_of(request.level_);
  List& list = lists_[request.level_];
  if (size_ >= options_.max_queue_size || (policy.max_queue_size > 0 && list.size >= policy.max_queue_size)) {
    return Pushed::full;
  }
  auto timeout = policy.default_timeout;
  if (policy.allow_timeout_override && request.timeout.count() > 0 &&
      (timeout.count() == 0 || request.timeout < timeout)) {
    timeout = request.timeout;
  }
  request.is_put_off_ = false;
  // Far more than anybody waits, and far from an overflow.
  constexpr std::chrono::microseconds kLongest = std::chrono::hours(24 * 365);
  request.expires_ = timeout.count() > 0 ? now + std::min(timeout, kLongest) : Point::max();
  next_expiry_ = std::min(next_expiry_, end_of(request));
  append(list, request);
  request.place_ = InferenceRequest::Place::queued;
  ++size_;
  return Pushed::queued;
}

void RequestQueue::append(List& list, InferenceRequest& request) noexcept {
  request.previous_ = list.last;
  request.next_ = nullptr;
  (list.last == nullptr ? list.first : list.last->next_) = &request;
  list.last = &request;
  ++list.size;
}

void RequestQueue::unlink(List& list, InferenceRequest& request) noexcept {
  (request.previous_ == nullptr ? list.first : request.previous_->next_) = request.next_;
  (request.next_ == nullptr ? list.last : request.next_->previous_) = request.previous_;
  request.next_ = nullptr;
  request.previous_ = nullptr;
  --list.size;
}

void RequestQueue::remove(InferenceRequest& request) noexcept {
  unlink(request.is_put_off_ ? lists_.back() : lists_[request.level_], request);
  request.place_ = InferenceRequest::Place::outside;
  --size_;
}

InferenceRequest* RequestQueue::front() const noexcept {
  for (const List& list : lists_) {
    if (list.first != nullptr) return list.first;
  }
  return nullptr;
}

void RequestQueue::list(std::size_t most, std::vector<Waiting>& waiting,
                        std::vector<InferenceRequest*>& requests) const {
  waiting.clear();
  requests.clear();
  for (const List& list : lists_) {
    for (InferenceRequest* request = list.first; request != nullptr && requests.size() < most;
         request = request->next_) {
      waiting.push_back({request->result.times.queued, request->items_, request->shape_key_});
      requests.push_back(request);
    }
  }
}

InferenceRequest* RequestQueue::take_over(Point now) noexcept {
  if (now < next_expiry_) return nullptr;
  Point next = Point::max();
  for (std::size_t which = 0; which < lists_.size(); ++which) {
    for (InferenceRequest* request = lists_[which].first; request != nullptr;) {
      InferenceRequest* const following = request->next_;
      const bool is_late = request->deadline && *request->deadline <= now;
      const bool has_expired = request->expires_ <= now;
      if (has_expired && !is_late &&
          policy_of(request->level_).timeout_action == QueuePolicy::TimeoutAction::delay) {
        unlink(lists_[which], *request);
        request->is_put_off_ = true;
        request->expires_ = Point::max();
        append(lists_.back(), *request);
      } else if (has_expired || is_late) {
        remove(*request);
        return request;
      }
      next = std::min(next, end_of(*request));
      request = following;
    }
  }
  next_expiry_ = next;
  return nullptr;
}

}  // namespace onda::serving
