#include "serving/scheduler.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include "serving/batch_rule.h"
#include "serving/execution.h"
#include "serving/inline_gate.h"
#include "serving/request_queue.h"

namespace onda::serving {
namespace {

using Point = Timing::Point;

// A worker that has answered so many executions in a row lets other models have their turn.
constexpr int kRoundsInARow = 16;
// What the batch rule looks at: enough to fill a batch past requests of other shapes.
constexpr std::size_t kLookAhead = 4;

telemetry::FailureReason reason_of(const InferenceResult& result) noexcept {
  if (result.situation == FailureSituation::queue_full ||
      result.situation == FailureSituation::queue_timeout) {
    return telemetry::FailureReason::rejected;
  }
  switch (result.error->code()) {
    case ErrorCode::cancelled:
    case ErrorCode::deadline_exceeded:
      return telemetry::FailureReason::cancelled;
    case ErrorCode::internal:
    case ErrorCode::data_loss:
    case ErrorCode::resource_exhausted:
      return result.times.infer_begin == Point{} ? telemetry::FailureReason::other
                                                 : telemetry::FailureReason::backend;
    default:
      return telemetry::FailureReason::other;
  }
}

}  // namespace

/// A slot is free, posted (a worker will come), or at work. The slots that run requests on their own threads
/// are only counted: `free_` is how many of all are free.
class Scheduler::Impl {
 public:
  Impl(SchedulerOptions options, Executor& executor, WorkerPool& workers, Timing& timing,
       telemetry::InferenceStatistics& statistics)
      : options_(std::move(options)),
        executor_(executor),
        workers_(workers),
        timing_(timing),
        statistics_(statistics),
        rule_{options_.max_batch_size, options_.preferred_batch_sizes, options_.max_queue_delay},
        gate_(options_.handover),
        is_predictable_(executor.is_predictable()),
        batching_(options_.batching && options_.max_batch_size > 1),
        queue_(options_.queue) {
    const unsigned slots = options_.preserve_ordering ? 1 : std::max(options_.slots, 1U);
    for (unsigned i = 0; i < slots; ++i) slots_.push_back(std::make_unique<Slot>(*this));
    for (auto& slot : slots_) idle_.push_back(slot.get());
    free_ = static_cast<int>(slots);
    alarm_ = timing_.make_alarm([](void* self) noexcept { static_cast<Impl*>(self)->on_alarm(); }, this);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    alarm_.reset();
    std::unique_lock lock(mutex_);
    all_idle_.wait(lock, [this] { return idle_.size() == slots_.size(); });
  }

  void submit(InferenceRequest& request, Caller caller) noexcept {
    const Point now = timing_.now();
    request.result.times.queued = now;
    if (request.result.times.received == Point{}) request.result.times.received = now;
    if (caller == Caller::io_thread && runs_here(request)) return;

    statistics_.add_pending();
    FailureSituation situation = FailureSituation::none;
    {
      const std::scoped_lock lock(mutex_);
      if (is_closed_) {
        situation = FailureSituation::shutting_down;
      } else if (queue_.push(request, now) == RequestQueue::Pushed::full) {
        situation = FailureSituation::queue_full;
      } else {
        waiting_.store(true);  // before `free_` is read: see give_back_slot
        dispatch(now);
        return;
      }
    }
    statistics_.remove_pending();
    fail(request, situation);
  }

  void refuse(InferenceRequest& request, const Error& error) noexcept {
    request.result.error = error;
    finish(request);
  }

  void cancel(InferenceRequest& request) noexcept {
    {
      const std::scoped_lock lock(mutex_);
      if (request.place_ == InferenceRequest::Place::running) {
        // Once for each request, however often it is cancelled.
        if (request.execution_ != nullptr) std::exchange(request.execution_, nullptr)->leave();
        return;
      }
      if (request.place_ != InferenceRequest::Place::queued) return;
      queue_.remove(request);
      note_emptiness();
    }
    statistics_.remove_pending();
    request.result.error = Error(ErrorCode::cancelled, "the request was cancelled before it ran");
    finish(request);
  }

  void close() noexcept {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }

 private:
  /// What a worker is given. It stays with its slot, and so does the memory of its execution.
  struct Slot final : Task {
    explicit Slot(Impl& impl) : owner(impl), execution(impl.executor_, impl.timing_) {}
    void run() noexcept override { owner.work(*this); }
    Impl& owner;
    Execution execution;
  };

  // ---- on the caller's own thread

  [[nodiscard]] bool take_slot() noexcept {
    int free = free_.load();
    while (free > 0) {
      if (free_.compare_exchange_weak(free, free - 1)) return true;
    }
    return false;
  }

  /// The order of the two accesses, against that of `submit` (which marks the queue, then looks for a slot),
  /// makes sure that a request that found no slot is seen by whoever frees one.
  void give_back_slot() noexcept {
    free_.fetch_add(1);
    if (!waiting_.load()) return;
    const std::scoped_lock lock(mutex_);
    dispatch(timing_.now());
  }

  [[nodiscard]] bool runs_here(InferenceRequest& request) noexcept {
    if (!is_predictable_ || batching_.load(std::memory_order_relaxed) ||
        !gate_.allows(request.input_bytes_)) {
      return false;
    }
    // What waits was here before.
    if (waiting_.load() || is_closed_.load(std::memory_order_relaxed) || !take_slot()) return false;
    // One for each thread: the outputs' vector keeps its memory, and what it held is moved out.
    static thread_local Executed executed;
    Execution::run_one(executor_, timing_, request, Parallelism::one_thread, {}, executed);
    const auto& times = request.result.times;
    gate_.measured(request.input_bytes_, times.infer_end - times.infer_begin);
    if (!request.result.error) record_execution(request, request.items_);
    give_back_slot();
    finish(request);
    return true;
  }

  // ---- under the mutex

  void note_emptiness() noexcept { waiting_.store(!queue_.is_empty()); }

  /// Sends workers for what may run now, and sets the alarm for what may run, or ends, later.
  void dispatch(Point now) noexcept {
    // A worker that is under way takes what it finds: another is sent only for what that one cannot take.
    const std::size_t each = batching_.load() ? static_cast<std::size_t>(options_.max_batch_size) : 1;
    while (queue_.size() > on_their_way_ * each) {
      if (idle_.empty()) break;
      if (on_their_way_ == 0 && batching_.load()) {
        const BatchDecision decision = decide(now);
        if (decision.action == BatchDecision::Action::wait) {
          set_alarm(std::min(decision.until, queue_.next_expiry()));
          return;
        }
      }
      if (!take_slot()) break;
      Slot* const slot = idle_.back();
      idle_.pop_back();
      ++on_their_way_;
      workers_.post(*slot);
    }
    set_alarm(queue_.next_expiry());
  }

  [[nodiscard]] BatchDecision decide(Point now) noexcept {
    const std::size_t most =
        batching_.load() ? static_cast<std::size_t>(options_.max_batch_size) * kLookAhead : 1;
    queue_.list(most, waiting_list_, candidates_);
    if (!batching_.load()) {
      members_.assign(candidates_.empty() ? 0 : 1, 0);
      return {candidates_.empty() ? BatchDecision::Action::nothing : BatchDecision::Action::run};
    }
    return form_batch(rule_, waiting_list_, now, members_);
  }

  void set_alarm(Point when) noexcept {
    if (when == alarm_at_) return;
    alarm_at_ = when;
    alarm_->set(when);
  }

  // ---- on a worker

  void work(Slot& slot) noexcept {
    for (int round = 0; round < kRoundsInARow; ++round) {
      if (!begin(slot, round == 0)) return;
      run(slot);
    }
    // The slot stays taken; the other models' tasks stand before it.
    {
      const std::scoped_lock lock(mutex_);
      ++on_their_way_;
    }
    workers_.post(slot);
  }

  /// Takes the next requests for the slot. False, and the slot is free again, where there are none to run
  /// now.
  [[nodiscard]] bool begin(Slot& slot, bool has_just_come) noexcept {
    std::vector<InferenceRequest*>& members = slot.execution.members;
    members.clear();
    bool has_work = false;
    InferenceRequest* over = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      if (has_just_come) --on_their_way_;
      const Point now = timing_.now();
      over = take_over(now);
      const BatchDecision decision = decide(now);
      if (decision.action == BatchDecision::Action::run) {
        for (const std::size_t index : members_) {
          InferenceRequest& request = *candidates_[index];
          queue_.remove(request);
          request.place_ = InferenceRequest::Place::running;
          request.execution_ = &slot.execution;
          members.push_back(&request);
        }
        slot.execution.begin();
        has_work = true;
        note_emptiness();
        set_alarm(queue_.next_expiry());
      } else {
        note_emptiness();
        idle_.push_back(&slot);
        free_.fetch_add(1);
        const bool waits = decision.action == BatchDecision::Action::wait;
        set_alarm(waits ? std::min(decision.until, queue_.next_expiry()) : queue_.next_expiry());
      }
      if (!has_work && idle_.size() == slots_.size()) all_idle_.notify_all();
    }
    // From here on nothing of this may be touched where the slot is free: its owner may go.
    if (has_work) statistics_.remove_pending(static_cast<std::int64_t>(members.size()));
    answer_over(over);
    return has_work;
  }

  void run(Slot& slot) noexcept {
    auto& members = slot.execution.members;
    const bool is_alone = workers_.busy() <= 1 && !waiting_.load();
    const auto outcome = slot.execution.run(is_alone ? Parallelism::whole_machine : Parallelism::one_thread);
    if (outcome == ExecutionOutcome::no_batch) switch_batching_off();
    if (slot.execution.ran_alone()) {
      for (const InferenceRequest* member : members) {
        if (member->result.error) continue;
        record_execution(*member, member->items_);
        if (is_predictable_) {
          const auto& times = member->result.times;
          gate_.measured(member->input_bytes_, times.infer_end - times.infer_begin);
        }
      }
    } else {
      record_execution(*members.front(), slot.execution.items());
    }
    {
      const std::scoped_lock lock(mutex_);
      for (InferenceRequest* member : members) {
        member->execution_ = nullptr;
        member->place_ = InferenceRequest::Place::outside;
      }
    }
    for (InferenceRequest* member : members) finish(*member);
    members.clear();
  }

  void switch_batching_off() noexcept {
    if (!batching_.exchange(false)) return;
    ++batching_switched_off_;
    if (options_.log) {
      options_.log(
          LogLevel::warning,
          "dynamic batching is switched off: the first dimension of the outputs does not follow that of the "
          "inputs; the requests were run again one by one");
    }
  }

  // ---- those that are over without having run

  /// A list by `next_`. Under the mutex.
  [[nodiscard]] InferenceRequest* take_over(Point now) noexcept {
    InferenceRequest* list = nullptr;
    while (InferenceRequest* request = queue_.take_over(now)) {
      request->next_ = list;
      list = request;
    }
    return list;
  }

  /// Not under the mutex.
  void answer_over(InferenceRequest* list) noexcept {
    while (list != nullptr) {
      InferenceRequest& request = *list;
      list = std::exchange(request.next_, nullptr);
      statistics_.remove_pending();
      if (request.expires_ <= request.deadline.value_or(Point::max())) {
        fail(request, FailureSituation::queue_timeout);
      } else {
        request.result.error =
            Error(ErrorCode::deadline_exceeded, "the client's deadline passed before the request ran");
        finish(request);
      }
    }
  }

  void on_alarm() noexcept {
    InferenceRequest* over = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      alarm_at_ = Point::max();
      const Point now = timing_.now();
      over = take_over(now);
      note_emptiness();
      dispatch(now);
    }
    answer_over(over);
  }

  // ---- the end of a request

  void fail(InferenceRequest& request, FailureSituation situation) noexcept {
    request.result.situation = situation;
    switch (situation) {
      case FailureSituation::queue_full:
        request.result.error = Error(ErrorCode::resource_exhausted, "Exceeds maximum queue size");
        break;
      case FailureSituation::queue_timeout:
        request.result.error = Error(ErrorCode::unavailable, "Request timeout expired");
        break;
      case FailureSituation::shutting_down:
      case FailureSituation::none:
        request.result.error =
            Error(ErrorCode::unavailable, "the model is being unloaded; no request is taken");
        break;
    }
    finish(request);
  }

  void record_execution(const InferenceRequest& request, std::int64_t items) noexcept {
    const auto& times = request.result.times;
    statistics_.record_execution(static_cast<std::uint64_t>(items),
                                 {times.infer_begin - times.compute_begin,
                                  times.infer_end - times.infer_begin, times.compute_end - times.infer_end});
  }

  void finish(InferenceRequest& request) noexcept {
    const auto& times = request.result.times;
    if (request.result.error) {
      const Point from = times.received == Point{} ? times.queued : times.received;
      const Point now = timing_.now();
      statistics_.record_failure(reason_of(request.result), from == Point{} ? Point::duration{} : now - from);
    } else {
      statistics_.record_success(
          {times.compute_end - times.received, times.compute_begin - times.queued,
           times.infer_begin - times.compute_begin, times.infer_end - times.infer_begin,
           times.compute_end - times.infer_end, std::chrono::system_clock::now()},
          static_cast<std::uint64_t>(request.items_));
    }
    request.complete();
  }

  const SchedulerOptions options_;
  Executor& executor_;
  WorkerPool& workers_;
  Timing& timing_;
  telemetry::InferenceStatistics& statistics_;
  const BatchRule rule_;
  InlineGate gate_;
  const bool is_predictable_;
  std::atomic<bool> batching_;
  std::atomic<bool> is_closed_{false};
  std::atomic<bool> waiting_{false};  // somebody is in the queue; written under the mutex
  std::atomic<int> free_{0};
  std::atomic<std::uint64_t> batching_switched_off_{0};

  std::mutex mutex_;
  std::condition_variable all_idle_;
  // Guarded by mutex_.
  RequestQueue queue_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
  std::size_t on_their_way_ = 0;  // slots that were posted and have not begun
  Point alarm_at_ = Point::max();
  std::vector<Waiting> waiting_list_;
  std::vector<InferenceRequest*> candidates_;
  std::vector<std::size_t> members_;

  std::unique_ptr<Alarm> alarm_;
};

Scheduler::Scheduler(SchedulerOptions options, Executor& executor, WorkerPool& workers, Timing& timing,
                     telemetry::InferenceStatistics& statistics)
    : impl_(std::make_unique<Impl>(std::move(options), executor, workers, timing, statistics)) {}

Scheduler::~Scheduler() = default;

void Scheduler::submit(InferenceRequest& request, Caller caller) noexcept { impl_->submit(request, caller); }
void Scheduler::refuse(InferenceRequest& request, const Error& error) noexcept {
  impl_->refuse(request, error);
}
void Scheduler::cancel(InferenceRequest& request) noexcept { impl_->cancel(request); }
void Scheduler::close() noexcept { impl_->close(); }

}  // namespace onda::serving
