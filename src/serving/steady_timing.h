#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/timing.h"

namespace onda::serving {

/// The steady clock, and a thread that makes the calls, begun with the first alarm. It holds no lock during a
/// call: an alarm may be set under a lock that its call takes. Outlives its alarms.
class SteadyTiming final : public Timing {
 public:
  SteadyTiming() = default;
  SteadyTiming(const SteadyTiming&) = delete;
  SteadyTiming& operator=(const SteadyTiming&) = delete;
  ~SteadyTiming() override;

  [[nodiscard]] Point now() const noexcept override { return std::chrono::steady_clock::now(); }
  /// Throws std::system_error where there is no thread for it.
  [[nodiscard]] std::unique_ptr<Alarm> make_alarm(void (*call)(void* self) noexcept, void* self) override;

 private:
  class SteadyAlarm;

  void serve() noexcept;
  [[nodiscard]] SteadyAlarm* earliest() const noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable call_ended_;
  std::vector<SteadyAlarm*> alarms_;  // guarded by mutex_, in no order: as many as model versions
  /// Until when the thread sleeps; min while it does not. Guarded by mutex_.
  Alarm::Point sleeps_until_ = Alarm::Point::min();
  SteadyAlarm* called_ = nullptr;  // guarded by mutex_
  bool is_ending_ = false;         // guarded by mutex_
  std::thread thread_;             // guarded by mutex_ while it is made
};

}  // namespace onda::serving
