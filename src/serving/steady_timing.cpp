#include "serving/steady_timing.h"

#include <algorithm>

namespace onda::serving {

class SteadyTiming::SteadyAlarm final : public Alarm {
 public:
  SteadyAlarm(SteadyTiming& timing, void (*call)(void* self) noexcept, void* self)
      : timing_(timing), call_(call), self_(self) {
    const std::scoped_lock lock(timing_.mutex_);
    if (!timing_.thread_.joinable()) {
      timing_.thread_ = std::thread([&served = timing_]() noexcept { served.serve(); });
    }
    timing_.alarms_.push_back(this);
  }

  SteadyAlarm(const SteadyAlarm&) = delete;
  SteadyAlarm& operator=(const SteadyAlarm&) = delete;

  ~SteadyAlarm() override {
    std::unique_lock lock(timing_.mutex_);
    std::erase(timing_.alarms_, this);
    timing_.call_ended_.wait(lock, [&] { return timing_.called_ != this; });
  }

  void set(Point when) noexcept override {
    const std::scoped_lock lock(timing_.mutex_);
    when_ = when;
    // A thread that is awake looks at all of them before it sleeps. One that sleeps for less wakes soon
    // enough.
    if (when >= timing_.sleeps_until_) return;
    timing_.sleeps_until_ = Point::min();
    timing_.changed_.notify_one();
  }

 private:
  friend SteadyTiming;
  SteadyTiming& timing_;
  void (*const call_)(void* self) noexcept;
  void* const self_;
  Point when_ = Point::max();  // guarded by timing_.mutex_
};

SteadyTiming::~SteadyTiming() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<Alarm> SteadyTiming::make_alarm(void (*call)(void* self) noexcept, void* self) {
  return std::make_unique<SteadyAlarm>(*this, call, self);
}

SteadyTiming::SteadyAlarm* SteadyTiming::earliest() const noexcept {
  const auto found = std::min_element(alarms_.begin(), alarms_.end(),
                                      [](const auto* a, const auto* b) { return a->when_ < b->when_; });
  return found == alarms_.end() || (*found)->when_ == Point::max() ? nullptr : *found;
}

void SteadyTiming::serve() noexcept {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    SteadyAlarm* const next = earliest();
    if (next != nullptr && next->when_ <= now()) {
      next->when_ = Point::max();
      called_ = next;
      lock.unlock();
      next->call_(next->self_);
      lock.lock();
      called_ = nullptr;
      call_ended_.notify_all();
      continue;
    }
    const Point until = next != nullptr ? next->when_ : Point::max();
    sleeps_until_ = until;
    const auto is_woken = [&] { return is_ending_ || sleeps_until_ != until; };
    // A wait until the end of time would overflow.
    if (next == nullptr) {
      changed_.wait(lock, is_woken);
    } else {
      changed_.wait_until(lock, until, is_woken);
    }
    sleeps_until_ = Point::min();
  }
}

}  // namespace onda::serving
