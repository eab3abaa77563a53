#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "serving/timing.h"

namespace onda::test {

/// A clock that is moved by hand. Alarms go off within `advance`, on its thread, in the order of their times,
/// each at the time that it was set to. Safe from several threads but for `advance`; destroying an alarm
/// during its call is a mistake of the test's.
class ManualTiming final : public serving::Timing {
 public:
  ManualTiming() = default;
  ManualTiming(const ManualTiming&) = delete;
  ManualTiming& operator=(const ManualTiming&) = delete;
  ~ManualTiming() override = default;

  [[nodiscard]] Point now() const noexcept override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }

  [[nodiscard]] std::unique_ptr<serving::Alarm> make_alarm(void (*call)(void* self) noexcept,
                                                           void* self) override {
    return std::make_unique<ManualAlarm>(*this, call, self);
  }

  void advance(std::chrono::nanoseconds by) { advance_to(now() + by); }

  /// Also what is due already goes off: `advance_to(now())` is of use. Alarms set meanwhile go off too, if
  /// due.
  void advance_to(Point until) {
    while (true) {
      ManualAlarm* alarm = nullptr;
      {
        const std::scoped_lock lock(mutex_);
        alarm = earliest();
        if (alarm == nullptr || alarm->when_ > until) {
          now_ = std::max(now_, until);
          return;
        }
        now_ = std::max(now_, alarm->when_);
        alarm->when_ = Point::max();
      }
      alarm->call_(alarm->self_);
    }
  }

  /// When the next alarm goes off; `Point::max()` where none is set.
  [[nodiscard]] Point next() const noexcept {
    const std::scoped_lock lock(mutex_);
    const ManualAlarm* alarm = earliest();
    return alarm == nullptr ? Point::max() : alarm->when_;
  }

 private:
  class ManualAlarm final : public serving::Alarm {
   public:
    ManualAlarm(ManualTiming& timing, void (*call)(void* self) noexcept, void* self)
        : timing_(timing), call_(call), self_(self) {
      const std::scoped_lock lock(timing_.mutex_);
      timing_.alarms_.push_back(this);
    }
    ManualAlarm(const ManualAlarm&) = delete;
    ManualAlarm& operator=(const ManualAlarm&) = delete;
    ~ManualAlarm() override {
      const std::scoped_lock lock(timing_.mutex_);
      std::erase(timing_.alarms_, this);
    }
    void set(Point when) noexcept override {
      const std::scoped_lock lock(timing_.mutex_);
      when_ = when;
    }

   private:
    friend ManualTiming;
    ManualTiming& timing_;
    void (*const call_)(void* self) noexcept;
    void* const self_;
    Point when_ = Point::max();  // guarded by timing_.mutex_
  };

  [[nodiscard]] ManualAlarm* earliest() const noexcept {
    const auto found = std::min_element(alarms_.begin(), alarms_.end(),
                                        [](const auto* a, const auto* b) { return a->when_ < b->when_; });
    return found == alarms_.end() || (*found)->when_ == Point::max() ? nullptr : *found;
  }

  mutable std::mutex mutex_;
  Point now_ = Point(std::chrono::hours(1));  // guarded by mutex_
  std::vector<ManualAlarm*> alarms_;          // guarded by mutex_
};

}  // namespace onda::test
